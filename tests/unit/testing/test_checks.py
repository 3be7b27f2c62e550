"""Every check of the contract can fail: a sound plugin keeps all promises, and for each there is one that breaks it."""

from __future__ import annotations

import importlib
import shutil
from typing import TYPE_CHECKING

import pytest

from nlpsuite.errors import UserError
from nlpsuite.host.scaffold import Kind, PluginName, write_plugin
from nlpsuite.testing.check import CheckFailed
from nlpsuite.testing.run import run_checks
from nlpsuite.testing.subject import make_subject
from nlpsuite.testing.suite import CHECKS, read_skips

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nlpsuite.testing.subject import Subject

BY_NAME = {check.name: check for check in CHECKS}
HEAD = "\n\nimport torch\n\nSound = {title}Task\n\n\nclass {title}Task(Sound):\n"
DECLARED = {
    "imports": ("imports", "\nimport numpy\n", "imports numpy"),
    "network": (
        "imports",
        "\nimport socket\ntry:\n    socket.create_connection(('127.0.0.1', 9))\nexcept OSError:\n    pass\n",
        "asks the network: socket.",
    ),
    "fails": ("imports", "\nraise SystemExit(3)\n", "failed: it ended with status 3"),
    "import_time": ("import_time", "\nimport time\ntime.sleep(0.2)\n", "ms of 50"),
    "settings": (
        "settings",
        "\nfrom dataclasses import replace\nfrom pydantic import ConfigDict\n\n\n"
        "class Loose({title}Settings):\n    model_config = ConfigDict(extra='allow')\n\n\n"
        "spec = nlpsuite_tasks()[0]\n\n\n"
        "@hookimpl\ndef nlpsuite_tasks():\n    return [replace(spec, config=Loose)]\n",
        "accepted in silence",
    ),
}
"""A check, what is added to the module that declares the task, and what the check then says."""
FAULTS = {
    "rows_read": (
        "    def read(self, source, split):\n        return (row for n, row in enumerate(super().read(source, split)) if n % 2)",
        "rows are read from .* which has 27",
    ),
    "labels": ("    def state(self):\n        return {'labels': len(self.labels)}", "`state` lacks"),
    "loss": (
        "    def loss(self, network, batch):\n        return super().loss(network, batch).repeat(2)",
        "must be a scalar",
    ),
    "gradients": (
        "    def make_head(self, hidden_size):\n        head = super().make_head(hidden_size)\n"
        "        head.unused = torch.nn.Linear(2, 2)\n        return head",
        "head.unused.weight gets no gradient",
    ),
    "adapts": (
        "    adapt_share = 0.5\n    def adapt_loss(self, network, batch):\n        return torch.ones((), requires_grad=True) * 2",
        "gets no gradient: adapt_loss does not depend on it",
    ),
    "by_heart": (
        "    def loss(self, network, batch):\n        return 1 + 0 * super().loss(network, batch)",
        "steps on 8 rows",
    ),
    "predictions": (
        "    def decode(self, row, windows, outputs):\n"
        "        return super().decode(row, windows, outputs) | {'more': outputs[0]}",
        "not made of JSON values",
    ),
    "saved": (
        "    def restore(self, state):\n        super().restore(state)\n        self._mix = (0.5, 2.0)",
        "is all that it needs in `state`",
    ),
    "padding": (
        "    def outputs(self, network, batch):\n"
        "        grow = batch.ids_BT.shape[1] * torch.arange(len(self.labels))\n"
        "        return [each + grow for each in super().outputs(network, batch)]",
        "padding",
    ),
    "order": (
        "    seen = 0\n    def decode(self, row, windows, outputs):\n        self.seen += 1\n"
        "        return super().decode(row, windows, outputs) | {'number': float(self.seen)}",
        "in another order",
    ),
    "alone": (
        "    def outputs(self, network, batch):\n        found = torch.stack(list(super().outputs(network, batch)))\n"
        "        return list(found - found.mean(0))",
        "alone",
    ),
    "long_rows": ("    def encode(self, row):\n        return super().encode(row)[:1]", "was cut"),
    "unspaced": (
        "    def decode(self, row, windows, outputs):\n        found = super().decode(row, windows, outputs)\n"
        "        return found if row.inputs['text'].isascii() else {}",
        "where others have",
    ),
    "metrics": ("    monitor = 'wisdom'\n    def fit(self, rows):\n        super().fit(rows)", "`monitor` is wisdom"),
    "metrics_reset": (
        "    kept = {}\n    def make_metrics(self):\n"
        "        return self.kept.setdefault('one', super().make_metrics())",
        "after others were counted elsewhere",
    ),
    "metrics_merge": (
        "    def make_metrics(self):\n        made, calls = super().make_metrics(), []\n"
        "        update, compute = made.update, made.compute\n"
        "        made.update = lambda rows, told: (calls.append(1), update(rows, told))\n"
        "        made.compute = lambda: compute() | {'accuracy': compute()['accuracy'] / len(calls)}\n        return made",
        "counted in two parts, accuracy differ",
    ),
}
"""A method of the task that breaks each promise, and what the check then says."""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[..., Subject]:
    """Write a plugin of kind `text` with a fault in it, and make what is checked."""

    def make(fault: str = "", declared: str = "") -> Subject:
        # A name of its own for each test, since a module stays imported.
        name = PluginName("try" + "".join(c for c in request.node.name if c.isalnum()).lower())
        write_plugin(name, Kind.TEXT, tmp_path)
        folder = tmp_path / name.distribution
        monkeypatch.syspath_prepend(str(folder))
        if fault:
            with (folder / name.module / "task.py").open("a") as file:
                file.write(HEAD.format(title=name.title) + fault + "\n")
        if declared:
            with (folder / name.module / "__init__.py").open("a") as file:
                file.write(declared.format(title=name.title))
        module = importlib.import_module(name.module)
        return make_subject(module.nlpsuite_tasks()[0], name.module)

    return make


def test_a_sound_plugin_keeps_every_promise(plugin):
    outcomes = list(run_checks(plugin()))
    assert [outcome.check for outcome in outcomes] == list(CHECKS)
    told = {outcome.check.name: outcome.result for outcome in outcomes}
    assert told.pop("adapts") == "does not apply"
    assert set(told.values()) == {"kept"}
    assert {outcome.message for outcome in outcomes if outcome.result == "kept"} == {""}


def test_every_check_has_a_fault_here():
    assert {*(check for check, _, _ in DECLARED.values()), *FAULTS, "bad_rows"} == set(BY_NAME)


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_promise_is_found(plugin, name):
    fault, said = FAULTS[name]
    with pytest.raises(CheckFailed, match=said):
        BY_NAME[name].run(plugin(fault))


@pytest.mark.parametrize("name", DECLARED)
def test_a_dear_declaration_is_found(plugin, name):
    check, declared, said = DECLARED[name]
    subject = plugin(declared="" if name == "fails" else declared)
    if name == "fails":
        # It could not even be made here.
        package = subject.cases.parent / "__init__.py"
        package.write_text(package.read_text() + declared)
    with pytest.raises(CheckFailed, match=said):
        BY_NAME[check].run(subject)


def test_what_is_kept_in_a_class_is_not_there_in_another_process(plugin):
    subject = plugin(
        "    known = 0.0\n    def fit(self, rows):\n        super().fit(rows)\n        type(self).known = 1.0\n"
        "    def decode(self, row, windows, outputs):\n"
        "        return super().decode(row, windows, outputs) | {'known': self.known}"
    )
    with pytest.raises(CheckFailed, match="by another process"):
        BY_NAME["saved"].run(subject)


@pytest.mark.parametrize("share", [1.0, -0.5])
def test_a_share_that_leaves_nothing_for_the_task_is_found(plugin, share):
    with pytest.raises(CheckFailed, match="must leave a part"):
        BY_NAME["adapts"].run(plugin(f"    adapt_share = {share}"))


def test_metrics_that_processes_cannot_add_up_are_found(plugin):
    subject = plugin(
        "    def make_metrics(self):\n        counts = [0, 0]\n"
        "        class Plain:\n            def update(self, rows, told):\n                counts[0] += len(rows)\n"
        "                counts[1] += sum(r.target == p['label'] for r, p in zip(rows, told))\n"
        "            def compute(self):\n                return {'accuracy': counts[1] / counts[0]}\n"
        "        return Plain()"
    )
    with pytest.raises(CheckFailed, match=r"hold no torchmetrics\.Metric"):
        BY_NAME["metrics_merge"].run(subject)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "there are none: add"),
        ("text,label\nMy lamp is out.,repair\n", "read without a word"),
        (
            "text,label\nMy lamp is out.,\nThe bell is loose.,repair\n",
            "is refused at line 2, and it is its last row, at line 3, that is wrong",
        ),
    ],
)
def test_bad_rows_must_be_there_and_refused_at_their_line(plugin, change, said):
    subject = plugin()
    shutil.rmtree(subject.cases)
    if change is not None:
        subject.cases.mkdir()
        (subject.cases / "bad-one.csv").write_text(change)
    with pytest.raises(CheckFailed, match=said):
        BY_NAME["bad_rows"].run(subject)


def test_one_broken_promise_does_not_hide_the_others(plugin):
    subject = plugin("    def make_metrics(self):\n        raise OSError('the disk is gone')")
    outcomes = {outcome.check.name: outcome for outcome in run_checks(subject)}
    assert outcomes["metrics"].result == "broken"
    assert "OSError: the disk is gone" in outcomes["metrics"].message
    assert "task.py" in outcomes["metrics"].message
    assert outcomes["saved"].result == "kept"


def test_a_check_is_left_out_for_a_reason(plugin):
    subject = plugin(FAULTS["long_rows"][0])
    (subject.cases / "skip.toml").write_text('long_rows = "only the beginning of a text tells"\n')
    outcomes = {outcome.check.name: outcome for outcome in run_checks(subject)}
    assert (outcomes["long_rows"].result, outcomes["long_rows"].message) == (
        "left out",
        "only the beginning of a text tells",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('long_row = "only the beginning tells"', "no check is called `long_row`"),
        ('long_rows = "because"', "without a reason"),
        ("long_rows = true", "without a reason"),
        ("long_rows", "not valid TOML"),
    ],
)
def test_a_check_is_not_left_out_without_one(tmp_path, text, said):
    (tmp_path / "skip.toml").write_text(text)
    with pytest.raises(UserError, match=said):
        read_skips(tmp_path)
