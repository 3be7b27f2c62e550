"""Every hook is documented, typed and tested."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from nlpsuite.host import hookspecs
from nlpsuite.host.checks import HOOKS

TESTS = Path(__file__).parents[1]


def test_there_are_hooks_and_few():
    assert HOOKS == ("nlpsuite_tasks", "nlpsuite_callbacks")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_documented_and_typed(hook):
    function = getattr(hookspecs, hook)
    text = inspect.getdoc(function) or ""
    assert "Returns:" in text
    signature = inspect.signature(function)
    assert str(signature.return_annotation).startswith("Sequence[")
    for name, parameter in signature.parameters.items():
        assert parameter.annotation is not inspect.Parameter.empty
        assert f"{name}: " in text
    assert any(word in text for word in ("Required", "Optional"))


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_tested(hook):
    files = [path for path in (TESTS / "unit" / "host").glob("test_*.py") if hook in path.read_text(encoding="utf-8")]
    assert files
