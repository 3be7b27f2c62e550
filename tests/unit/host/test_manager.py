from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from nlpsuite.errors import UserError
from nlpsuite.host.spec import RunInfo

SPEC = "TaskSpec(name='{name}', summary='One line.', api_version={version}, config=Settings, build=print)"
HEAD = "from nlpsuite.api import Settings, TaskSpec, hookimpl\n"


def tasks_returning(expression: str) -> str:
    return f"{HEAD}@hookimpl\ndef nlpsuite_tasks():\n    return {expression}\n"


def one_spec(name: str = "bad", version: str = "1") -> str:
    return f"[{SPEC.format(name=name, version=version)}]"


BRINGS = """
@hookimpl
def nlpsuite_callbacks(run):
    from pytorch_lightning import Callback
    return [Callback()]
"""
FAULTS = {
    "raises": ("raise RuntimeError('boom\\nand more')", "it cannot be imported: RuntimeError: boom and more"),
    "exits": ("import sys; sys.exit(3)", "it cannot be imported: SystemExit: 3"),
    "misses": ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
    "syntax": ("def (:\n", "its module is no Python: "),
    "misspelt": (
        f"{HEAD}@hookimpl\ndef nlpsuite_taks():\n    return []\n",
        "`nlpsuite_taks` is no hook; did you mean nlpsuite_tasks?",
    ),
    "unmarked-slip": (
        tasks_returning("[]") + "def nlpsuite_callback(run):\n    return []\n",
        "`nlpsuite_callback` is no hook; did you mean nlpsuite_callbacks?",
    ),
    "unmarked": ("def nlpsuite_tasks():\n    return []\n", "`nlpsuite_tasks` is not marked with @hookimpl"),
    "hookless": ("x = 1", "it does not implement nlpsuite_tasks"),
    "arguments": (
        f"{HEAD}@hookimpl\ndef nlpsuite_tasks(extra):\n    return []\n",
        "its hooks cannot be used: PluginValidationError",
    ),
    "version": (tasks_returning(one_spec(version="2")), "it is written for plugin API 2, and this nlpsuite speaks 1"),
    "garbage": (tasks_returning("42"), "nlpsuite_tasks returned int, not a sequence of TaskSpec"),
    "nothing": (tasks_returning("None"), "nlpsuite_tasks returned NoneType, not a sequence of TaskSpec"),
    "text": (tasks_returning("'abc'"), "nlpsuite_tasks returned str, not a sequence of TaskSpec"),
    "strings": (tasks_returning("['abc']"), "nlpsuite_tasks returned str where a TaskSpec belongs"),
    "fails": (tasks_returning("1 / 0"), "nlpsuite_tasks failed: ZeroDivisionError: division by zero"),
    "name": (tasks_returning(one_spec(name="Not a Name")), "'Not a Name' is no task name"),
    "twice": (tasks_returning(f"{one_spec()} * 2"), "it offers task `bad` twice"),
    "config": (tasks_returning(one_spec().replace("=Settings", "=dict")), "no subclass of nlpsuite.api.Settings"),
    "build": (tasks_returning(one_spec().replace("=print", "=None")), "the build of task `bad` cannot be called"),
    "summary": (tasks_returning(one_spec().replace("One line.", "")), "task `bad` has no summary of one line"),
    "examples": (tasks_returning(one_spec().replace("build=", "examples='x', build=")), "are no pathlib.Path"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_plugin_is_a_warning_that_names_its_distribution(install, host, spy, fault):
    source, reason = FAULTS[fault]
    install("bad", source, distribution="acme-bad")
    install("good")
    one = host()
    assert list(one.tasks()) == ["good"]
    (warning,) = spy.warnings
    assert warning.startswith("plugin `bad` (acme-bad 1.0) cannot be used: ")
    assert reason in warning
    assert "\n" not in warning
    assert [problem.plugin.name for problem in one.problems] == ["bad"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_plugin_is_an_error_where_it_is_the_target(install, host, spy, fault):
    source, reason = FAULTS[fault]
    install("bad", source, distribution="acme-bad")
    one = host()
    with pytest.raises(UserError) as caught:
        one.load(one.plugins[0])
    message = str(caught.value)
    assert "acme-bad 1.0" in message
    assert reason in message
    assert "\n" not in message
    assert spy.warnings == []


def test_the_reason_says_where_the_plugin_failed(install, host, spy):
    package = install("bad", "x = 1\nraise ValueError('no')")
    host().load_all()
    assert f"({package / '__init__.py'}:2)" in spy.warnings[0]


def test_a_long_reason_is_cut(install, host, spy):
    install("bad", "raise ValueError('x' * 100_000)")
    host().load_all()
    assert len(spy.warnings[0]) < 1000


def test_a_warning_is_given_once(install, host, spy):
    install("bad", "raise ValueError")
    one = host()
    one.load_all()
    one.load_all()
    one.tasks()
    assert len(spy.warnings) == 1


def test_the_second_plugin_with_a_task_name_is_left_out(install, host, spy):
    first = install("alpha", tasks_returning(one_spec("same")))
    install("beta", tasks_returning(one_spec("same")))
    assert list(host().tasks()) == ["same"]
    assert spy.warnings == [
        "plugin `beta` (nlpsuite-beta 1.0) cannot be used: "
        "its task `same` is already offered by plugin `alpha` (nlpsuite-alpha 1.0)"
    ]
    assert first.name in sys.modules


@pytest.mark.parametrize(
    ("laid", "reason"),
    [
        ({"value": "json"}, "its module `json` has the name of a standard one"),
        ({"value": "tp_nowhere"}, "its module `tp_nowhere` is missing"),
    ],
)
def test_a_plugin_that_cannot_be_meant_is_left_out(install, host, spy, laid, reason):
    install("bad", distribution="acme-bad", **laid)
    install("good")
    assert list(host().tasks()) == ["good"]
    assert spy.warnings == [f"plugin `bad` (acme-bad 1.0) cannot be used: {reason}"]


@pytest.mark.parametrize(("version", "speaks"), [("1", 2), ("2", 3)])
def test_a_plugin_of_the_api_before_is_taken_with_a_warning(install, host, spy, monkeypatch, version, speaks):
    for module in ("checks", "manager"):
        monkeypatch.setattr(f"nlpsuite.host.{module}.API_VERSION", speaks)
    monkeypatch.setattr("nlpsuite.host.checks.OLDEST_API_VERSION", speaks - 1)
    install("old", tasks_returning(one_spec("old", version)))
    assert list(host().tasks()) == ["old"]
    (warning,) = spy.warnings
    assert f"written for plugin API {version}, which the next nlpsuite will no longer take" in warning


@pytest.mark.parametrize("version", ["0", "True", "'1'", "None", "1.0"])
def test_no_other_version_is_taken(install, host, spy, version):
    install("bad", tasks_returning(one_spec(version=version)))
    assert host().tasks() == {}
    assert "is written for plugin API" in spy.warnings[0]


def test_a_trace_tells_what_is_imported_and_what_it_brings(install, host, spy, monkeypatch):
    monkeypatch.setenv("NLPSUITE_TRACE_PLUGINS", "1")
    monkeypatch.setattr(spy, "say", spy.warnings.append)
    install("alpha", tasks_returning(one_spec("one")) + BRINGS)
    install("beta", "raise RuntimeError('no')")
    one = host()
    assert one.callbacks(RunInfo(task="one", folder=Path(), seed=1))
    told = "\n".join(spy.warnings)
    assert re.search(
        r"plugins: `alpha` \(nlpsuite-alpha 1.0\) imported in \d+ ms from .*tp_alpha; it offers `one`", told
    )
    assert "plugins: plugin `beta` (nlpsuite-beta 1.0) cannot be used" in told
    assert "plugins: `alpha` (nlpsuite-alpha 1.0) brings callbacks to `one`: Callback" in told


def test_a_keyboard_interrupt_is_not_the_plugins_fault(install, host):
    install("slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        host().load_all()


def test_loading_one_plugin_leaves_the_others_alone(install, host):
    install("alpha")
    install("beta", "raise RuntimeError('imported')")
    one = host()
    (spec,) = one.load(one.plugins[0])
    assert spec.name == "alpha"
    assert "tp_beta" not in sys.modules
    assert one.problems == []


def test_a_disabled_plugin_is_not_imported_and_is_an_error_as_a_target(install, host, spy, monkeypatch):
    install("alpha", "raise RuntimeError('imported')")
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", "alpha")
    one = host()
    assert one.tasks() == {}
    assert spy.warnings == []
    with pytest.raises(
        UserError, match=r"^NLPSUITE_DISABLE_PLUGINS: plugin `alpha` \(nlpsuite-alpha 1.0\) is disabled"
    ):
        one.load(one.plugins[0])


def test_an_object_can_be_a_plugin(install, host):
    source = (
        HEAD
        + f"""
class Hooks:
    @hookimpl
    def nlpsuite_tasks(self):
        return {one_spec("inner")}
hooks = Hooks()
"""
    )
    install("alpha", source, value="tp_alpha:hooks")
    assert list(host().tasks()) == ["inner"]


def test_a_module_of_the_plugins_own_is_no_hook(install, host, spy):
    package = install("alpha")
    (package / "nlpsuite_part.py").write_text("")
    with (package / "__init__.py").open("a") as file:
        file.write("\nfrom tp_alpha import nlpsuite_part\n")
    assert list(host().tasks()) == ["alpha"]
    assert spy.warnings == []


CALLBACKS = "\n@hookimpl\ndef nlpsuite_callbacks(run):\n    {body}\n"
RUN = RunInfo(task="good", folder=Path("out"), seed=1)


def test_callbacks_come_from_every_plugin_that_has_some(install, host):
    body = CALLBACKS.format(body="from pytorch_lightning import Callback; return [Callback()] if run.seed == 1 else []")
    install("good")
    install("extra", tasks_returning("[]") + body)
    install("none", tasks_returning("[]") + CALLBACKS.format(body="return None"))
    one = host()
    assert len(one.callbacks(RUN)) == 1
    assert one.callbacks(RunInfo(task="good", folder=Path("out"), seed=2)) == []


@pytest.mark.parametrize(("body", "reason"), [("return [3]", "returned int where"), ("1 / 0", "ZeroDivisionError")])
def test_broken_callbacks_are_isolated(install, host, spy, body, reason):
    install("good")
    install("extra", tasks_returning("[]") + CALLBACKS.format(body=body))
    assert host().callbacks(RUN) == []
    assert reason in spy.warnings[0]
    assert "nlpsuite-extra 1.0" in spy.warnings[0]


def test_broken_callbacks_of_the_target_are_an_error(install, host):
    install("good", tasks_returning(one_spec("good")) + CALLBACKS.format(body="return 3"))
    with pytest.raises(UserError, match="nlpsuite_callbacks failed: TypeError"):
        host().callbacks(RUN)


FAILING = """
@hookimpl
def nlpsuite_callbacks(run):
    from pytorch_lightning import Callback

    class Breaks(Callback):
        def on_train_batch_end(self, *words):
            raise RuntimeError("no more")

        def state_dict(self):
            return {"seen": 3}

    return [Breaks()]
"""


def test_a_callback_of_another_plugin_that_fails_is_a_warning_and_not_called_again(install, host, spy):
    install("mine", tasks_returning(one_spec("mine")))
    install("other", tasks_returning("[]") + FAILING)
    (callback,) = host().callbacks(RunInfo(task="mine", folder=Path(), seed=1))
    assert callback.state_dict() == {"seen": 3}
    for _ in range(3):
        callback.on_train_batch_end(None, None, None, None, 0)
        callback.on_train_end(None, None)
    (warning,) = spy.warnings
    assert warning.startswith(
        "plugin `other` (nlpsuite-other 1.0) cannot be used: its callback Breaks failed: RuntimeError: no more"
    )


def test_a_callback_of_the_task_itself_may_fail(install, host, spy):
    install("mine", tasks_returning(one_spec("mine")) + FAILING)
    (callback,) = host().callbacks(RunInfo(task="mine", folder=Path(), seed=1))
    with pytest.raises(RuntimeError, match="no more"):
        callback.on_train_batch_end(None, None, None, None, 0)
    assert spy.warnings == []


def test_a_task_with_the_name_of_an_earlier_plugin_is_refused_even_where_it_is_asked_for(install, host):
    install("alpha", tasks_returning(one_spec("alpha")), distribution="acme-a")
    install("beta", tasks_returning(one_spec("alpha")), distribution="acme-b")
    one = host()
    with pytest.raises(UserError, match=r"its task `alpha` is already offered by plugin `alpha` \(acme-a 1.0\)"):
        one.load(one.plugins[1])
