"""The checks as a pytest class: an author subclasses it in a test of the plugin.

from nlpsuite.testing import TaskConformance

import nlpsuite_stance

class TestStance(TaskConformance):
    spec = nlpsuite_stance.nlpsuite_tasks()[0]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from nlpsuite.host.spec import TaskSpec
    from nlpsuite.testing.check import Check
    from nlpsuite.testing.subject import Subject


class TaskConformance:
    """One test for each promise that every task keeps.

    Attributes:
        spec: What the plugin declares.
        rows: A file or folder of rows; None: the plugin's examples. At most 20 of its training rows are used.
        entry: The plugin's entry point, `module` or `module:object`; None: that of the installed plugin which the settings class
            lives in, or the class's own top-level module.

    Files for the checks lie in a folder `check` beside the rows' own: `bad-*`, whose last row is wrong; `long.*` and
    `unspaced.*`, rows to predict where inputs cannot just be made longer or Chinese; `skip.toml`, reasons of checks left out.
    """

    spec: ClassVar[TaskSpec[Any]]
    rows: ClassVar[Path | None] = None
    entry: ClassVar[str | None] = None

    @classmethod
    def subject(cls) -> Subject:
        """Return what is checked, made once for all tests of the class."""
        from nlpsuite.testing.subject import make_subject

        if "_subject" not in vars(cls):
            cls._subject = make_subject(cls.spec, cls.entry or _entry_of(cls.spec), cls.rows)  # type: ignore[attr-defined]
        made: Subject = cls._subject  # type: ignore[attr-defined]
        return made

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of each check."""
        from nlpsuite.testing.suite import CHECKS

        if "check" in metafunc.fixturenames:
            metafunc.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])

    def test_promise(self, check: Check) -> None:
        """Check one promise."""
        import pytest

        from nlpsuite.testing.check import DoesNotApply
        from nlpsuite.testing.suite import read_skips

        skips = read_skips(self.subject().cases)
        if check.name in skips:
            pytest.skip(skips[check.name])
        try:
            check.run(self.subject())
        except DoesNotApply as why:
            pytest.skip(str(why))


def _entry_of(spec: TaskSpec[Any]) -> str:
    from nlpsuite.host.catalog import find_plugins, top_module

    module = spec.config.__module__.partition(".")[0]
    installed = [p.entry_point.value for p in find_plugins() if top_module(p.entry_point) == module]
    return installed[0] if len(installed) == 1 else module
