from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from nlpsuite.errors import UserError
from nlpsuite.host.resolve import resolve, resolve_name

if TYPE_CHECKING:
    from pathlib import Path

SPEC = "TaskSpec(name='{name}', summary='One line.', api_version=1, config=Settings, build=print)"


def plugin_source(*names: str) -> str:
    specs = ", ".join(SPEC.format(name=name) for name in names)
    head = "from nlpsuite.api import Settings, TaskSpec, hookimpl\n"
    return f"{head}@hookimpl\ndef nlpsuite_tasks():\n    return [{specs}]\n"


@pytest.fixture
def project(tmp_path):
    """Lay a plugin's project folder, not installed."""

    def lay(folder: str, module: str, source: str | None = None, *, src: bool = False, toml: str | None = None) -> Path:
        root = tmp_path / folder
        package = (root / "src" if src else root) / module
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(plugin_source("local") if source is None else source)
        declared = (
            f'[project]\nname = "acme-{folder}"\nversion = "2.0"\n[project.entry-points.nlpsuite]\nlocal = "{module}"\n'
        )
        (root / "pyproject.toml").write_text(declared if toml is None else toml)
        return root

    return lay


@pytest.mark.parametrize("target", ["my-task", "My_Task", "my.task", "nlpsuite-my-task", "nlpsuite_my_task"])
def test_a_name_forgives_case_and_separators(install, host, target):
    install("my-task")
    assert resolve(target, host()).name == "my-task"


def test_a_name_loads_no_other_plugin(install, host, spy):
    install("alpha")
    install("beta", "raise RuntimeError('imported')")
    assert resolve("alpha", host()).name == "alpha"
    assert "tp_beta" not in sys.modules
    assert spy.warnings == []


def test_a_task_is_found_under_another_plugins_name(install, host, spy):
    install("bundle", plugin_source("first", "second-one"))
    install("broken", "raise RuntimeError")
    assert resolve("Second_One", host()).name == "second-one"
    assert len(spy.warnings) == 1


def test_a_plugin_with_several_tasks_must_be_asked_for_one(install, host):
    install("bundle", plugin_source("first", "second"))
    with pytest.raises(UserError, match="offers several tasks; name one of them: first, second"):
        resolve("bundle", host())


def test_a_plugin_with_a_task_of_its_own_name_gives_that_one(install, host):
    install("bundle", plugin_source("first", "bundle"))
    assert resolve("bundle", host()).name == "bundle"


def test_a_plugin_without_tasks_is_refused(install, host):
    install("bundle", plugin_source())
    with pytest.raises(UserError, match="offers no task"):
        resolve("bundle", host())


def test_an_unknown_name_gets_near_names_and_the_install_line(install, host):
    install("sentiment")
    with pytest.raises(UserError) as caught:
        resolve("sentimnt", host())
    expected = "no task is called `sentimnt`; did you mean `sentiment`?"
    assert str(caught.value) == expected


def test_an_unknown_name_with_none_near_lists_what_is_installed(install, host):
    install("alpha")
    with pytest.raises(UserError, match=r"installed: alpha; to add it: pip install nlpsuite-zzzzz$"):
        resolve("nlpsuite-zzzzz", host())


@pytest.mark.parametrize("target", ["", "   ", "a b\nc;rm", "x" * 5000, "\0", "[red]"])
def test_nonsense_is_an_error_without_an_install_line_for_it(host, target):
    with pytest.raises(UserError) as caught:
        resolve(target, host())
    install_line = str(caught.value).partition("pip install ")[2]
    assert set(install_line) <= set("nlpsuite-x")


def test_a_broken_target_is_an_error_that_names_the_distribution(install, host):
    install("alpha", "raise RuntimeError('boom')")
    with pytest.raises(UserError, match=r"plugin `alpha` \(nlpsuite-alpha 1.0\) cannot be used: .*boom"):
        resolve("alpha", host())


@pytest.mark.parametrize("part", [".", "tp_alpha"])
def test_a_folder_is_the_installed_plugin_that_lives_there(install, host, part):
    site = install("alpha").parent
    assert resolve(str(site / part), host()).name == "alpha"


def test_a_folder_with_several_installed_plugins_is_ambiguous(install, host):
    site = install("alpha").parent
    install("beta")
    with pytest.raises(UserError, match="several plugins live in this folder; run one of them by name: alpha, beta"):
        resolve(str(site), host())


@pytest.mark.parametrize("src", [False, True])
def test_a_folder_that_is_not_installed_is_loaded_by_its_pyproject(project, host, src):
    module = f"tp_local_{src}".lower()
    root = project("mine", module, src=src)
    before = list(sys.path)
    one = host()
    assert resolve(str(root), one).name == "local"
    assert sys.path == before
    assert resolve(str(root), one) is resolve(str(root), one)


def test_a_plugin_of_a_folder_can_import_its_parts_later(project, host):
    source = (
        plugin_source("local").replace("build=print", "build=build")
        + "\ndef build(a, b):\n    from tp_parts.part import X\n    return X\n"
    )
    root = project("mine", "tp_parts", source)
    (root / "tp_parts" / "part.py").write_text("X = 7\n")
    assert resolve(str(root), host()).build(None, None) == 7  # type: ignore[arg-type]


@pytest.mark.parametrize("module", ["json", "yaml", "nlpsuite", "antigravity"])
def test_a_folder_may_not_shadow_another_module(project, host, module):
    root = project("mine", module, "raise AssertionError('imported')")
    before = list(sys.path)
    with pytest.raises(UserError, match=f"would shadow .* module `{module}`"):
        resolve(str(root), host())
    assert sys.path == before


def test_other_files_of_the_folder_shadow_nothing(project, host):
    root = project("mine", "tp_careful", "import html.parser\n" + plugin_source("local"))
    (root / "html.py").write_text("raise AssertionError('imported')")
    assert resolve(str(root), host()).name == "local"


def test_a_broken_plugin_of_a_folder_names_the_project(project, host):
    root = project("mine", "tp_broken_folder", "1 / 0")
    before = list(sys.path)
    with pytest.raises(UserError, match=r"plugin `local` \(acme-mine 2.0\) cannot be used: .*ZeroDivisionError"):
        resolve(str(root), host())
    assert sys.path == before


def test_the_environment_disables_a_folders_plugin(project, host, monkeypatch):
    root = project("mine", "tp_disabled", "raise AssertionError")
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", "local")
    with pytest.raises(UserError, match="is disabled"):
        resolve(str(root), host())


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[project", "not valid TOML"),
        ("[project]\nname = 'x'\n", "no plugin lives in this folder"),
        ("[project.entry-points]\nnlpsuite = 3\n", "entry points are not as they should be"),
        ("[project.entry-points.nlpsuite]\nx = 3\n", "entry points are not as they should be"),
        ("[project.entry-points.nlpsuite]\nx = 'a b'\n", "entry points are not as they should be"),
        (
            "[project.entry-points.nlpsuite]\nx = 'tp_absent'\n",
            "module `tp_absent` of plugin `x` is not in this folder",
        ),
        (
            "[project.entry-points.nlpsuite]\na='tp_toml'\nb='tp_toml'\n",
            "install the folder, and run one by name: a, b",
        ),
    ],
)
def test_a_faulty_pyproject_is_one_line(project, host, toml, message):
    root = project("mine", "tp_toml", toml=toml)
    with pytest.raises(UserError, match=message) as caught:
        resolve(str(root), host())
    assert "\n" not in str(caught.value)


def test_a_missing_folder_whose_name_is_installed_says_what_to_type(install, host, tmp_path, monkeypatch):
    install("sentiment")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        resolve("plugins/sentiment", host())
    assert str(caught.value) == "plugins/sentiment: no such folder; write suite run sentiment"


def test_a_folder_without_a_plugin_whose_name_is_installed_says_what_to_type(install, host, tmp_path, monkeypatch):
    install("sentiment")
    (tmp_path / "plugins" / "sentiment").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"no plugin lives in this folder.*; write suite run sentiment$"):
        resolve("plugins/sentiment/", host())


def test_a_bare_word_that_is_also_a_folder_of_data_is_the_plugin(install, host, tmp_path, monkeypatch):
    install("opinions")
    (tmp_path / "opinions").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve("opinions", host()).name == "opinions"


def test_a_bare_word_that_is_a_plugins_folder_is_that_plugin(install, project, host, tmp_path, monkeypatch):
    install("mine")
    project("mine", "tp_bare")
    monkeypatch.chdir(tmp_path)
    assert resolve("mine", host()).name == "local"
    assert resolve_name("mine", host()).name == "mine"


def test_a_file_is_no_plugin(host, tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("x")
    with pytest.raises(UserError, match="a file is no plugin"):
        resolve(str(path), host())
