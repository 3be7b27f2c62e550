"""Real little plugins, laid out on disk as pip installs them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nlpsuite.host.catalog import Plugin, find_plugins
from nlpsuite.host.manager import PluginHost

GOOD = """
from nlpsuite.api import Settings, TaskSpec, hookimpl

def build(context, config):
    raise NotImplementedError

@hookimpl
def nlpsuite_tasks():
    return [TaskSpec(name="{task}", summary="One line.", api_version=1, config=Settings, build=build)]
"""


class Spy:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def say(self, text: str) -> None:
        pass

    def warn(self, text: str) -> None:
        self.warnings.append(text)


Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Lay `package/` and `distribution-1.0.dist-info/` into a folder on `sys.path`."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delenv("NLPSUITE_DISABLE_PLUGINS", raising=False)
    before = set(sys.modules)

    def lay(
        name: str, source: str | None = None, *, distribution: str = "", value: str = "", metadata: str = ""
    ) -> Path:
        distribution = distribution or f"nlpsuite-{name}"
        package = site / f"tp_{name.replace('-', '_')}"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text(GOOD.format(task=name) if source is None else source, encoding="utf-8")
        info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        about = metadata or f"Summary: About {name}.\n"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n{about}\n")
        (info / "entry_points.txt").write_text(f"[nlpsuite]\n{name} = {value or package.name}\n")
        return package

    yield lay
    for module in set(sys.modules) - before:
        if module.startswith("tp_"):
            del sys.modules[module]


@pytest.fixture
def spy() -> Spy:
    return Spy()


@pytest.fixture
def ours(tmp_path: Path) -> Callable[[], list[Plugin]]:
    """List the plugins that this test laid out, and not those of the environment."""

    def find() -> list[Plugin]:
        site = tmp_path / "site"
        return [
            plugin
            for plugin in find_plugins()
            if (site / f"{plugin.distribution.replace('-', '_')}-1.0.dist-info").exists()
        ]

    return find


@pytest.fixture
def host(spy: Spy, ours: Callable[[], list[Plugin]]) -> Callable[[], PluginHost]:
    return lambda: PluginHost(ours(), spy)  # type: ignore[arg-type]
