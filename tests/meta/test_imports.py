"""What may import what, held for every file."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import nlpsuite
from nlpsuite import api

CORE = Path(nlpsuite.__file__).parent
PLUGINS = CORE.parents[1] / "plugins"

# Import arrows run one way, from a higher layer to a lower one or to its own.
LAYERS = [
    {"config", "errors", "files", "own_key", "people", "plain", "report", "visible"},
    {"text"},
    {"backbone", "tasks", "host"},
    {"hub"},
    {"training", "inference"},
    {"testing"},
    {"cli"},
]


def imported(path: Path) -> set[str]:
    """Return every module a file imports, at its top or inside, `from nlpsuite import api` as `nlpsuite.api` too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            names.add(str(node.module))
            if node.module == "nlpsuite":
                names |= {f"nlpsuite.{alias.name}" for alias in node.names}
    return names


def layer(part: str) -> int:
    return next(number for number, parts in enumerate(LAYERS) if part in parts)


def plugin_files() -> list[Path]:
    scaffold = CORE / "assets" / "scaffold"
    return sorted([*PLUGINS.glob("*/nlpsuite_*/**/*.py"), *scaffold.glob("*/nlpsuite_*/**/*.py")])


def test_plugins_import_nothing_of_nlpsuite_but_its_api():
    wrong = {
        f"{path}: {name}"
        for path in plugin_files()
        for name in imported(path)
        if name.partition(".")[0] == "nlpsuite" and name not in ("nlpsuite", "nlpsuite.api")
    }
    assert not wrong
    bare = {path for path in plugin_files() if imported(path) >= {"nlpsuite"} and "nlpsuite.api" not in imported(path)}
    assert not bare


@pytest.mark.parametrize("package", sorted(path.parent.name for path in PLUGINS.glob("*/nlpsuite_*/__init__.py")))
def test_importing_a_plugin_leaves_torch_unimported(package):
    (folder,) = (path.parent for path in PLUGINS.glob(f"*/{package}"))
    path = [str(folder), str(CORE.parent)]
    code = f"import sys; sys.path[:0] = {path!r}; import {package} as p; p.nlpsuite_tasks()"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_arrows_run_one_way():
    wrong = []
    for path in sorted(CORE.rglob("*.py")):
        part = path.relative_to(CORE).parts[0].removesuffix(".py")
        # What lies under assets is not ours when it runs: a plugin's, which may import the API and nothing else.
        if part in ("__init__", "__main__", "api", "assets"):
            continue
        for name in imported(path):
            head, _, rest = name.partition(".")
            if head == "nlpsuite" and rest and rest[0].islower():
                target = rest.partition(".")[0]
                if target == "api" or layer(target) > layer(part):
                    wrong.append(f"{path.relative_to(CORE)} imports {name}")
    assert not wrong


def test_only_the_console_prints():
    wrong = []
    for path in [*CORE.rglob("*.py"), *plugin_files()]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            printing = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            if printing and path != CORE / "cli" / "console.py":
                wrong.append(f"{path}:{node.lineno}")
    assert not wrong


def test_only_the_host_touches_pluggy():
    using = {path.relative_to(CORE).as_posix() for path in CORE.rglob("*.py") if "pluggy" in imported(path)}
    assert using == {"host/hookspecs.py", "host/manager.py"}


def type_checking_imports() -> dict[str, str]:
    """Return what a type checker takes for the home of each public name."""
    tree = ast.parse(inspect.getsource(api))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.name: str(node.module)
        for block in blocks
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_three_lists_of_the_api_agree():
    assert api.__all__ == sorted(api.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert list(api._HOME) == api.__all__
    assert type_checking_imports() == api._HOME


def test_every_public_name_is_there():
    for name in api.__all__:
        assert getattr(api, name) is getattr(importlib.import_module(api._HOME[name]), name)
    assert set(api.__all__) <= set(dir(api))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = api.no_such_name


def test_what_declares_a_task_imports_no_torch():
    names = [
        "API_VERSION",
        "TaskSpec",
        "TaskContext",
        "RunInfo",
        "hookimpl",
        "Settings",
        "UserError",
        "Task",
        "Row",
        "Window",
    ]
    code = (
        f"import sys\nfrom nlpsuite import api\nfrom nlpsuite.api import {', '.join(names)}\n"
        "assert not {'torch', 'numpy', 'sentencepiece'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
