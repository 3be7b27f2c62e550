from __future__ import annotations

import sys

import pytest

from nlpsuite.host.catalog import find_plugins, normalise, unknown_disabled


def test_lists_without_importing(install, ours):
    package = install("alpha", "raise RuntimeError('imported')")
    (plugin,) = ours()
    assert (plugin.name, plugin.distribution, plugin.version) == ("alpha", "nlpsuite-alpha", "1.0")
    assert plugin.summary == "About alpha."
    assert plugin.origin == package
    assert plugin.enabled
    assert "tp_alpha" not in sys.modules


def test_a_missing_module_and_a_missing_summary_are_listed(install, ours):
    install("alpha", value="tp_nowhere.inside:thing", metadata="Author: nobody\n")
    (plugin,) = ours()
    assert plugin.origin is None
    assert plugin.summary == ""


def test_order_is_by_distribution_and_name(install, ours):
    for name in ("zeta", "alpha", "mid"):
        install(name)
    assert [plugin.name for plugin in ours()] == ["alpha", "mid", "zeta"]


@pytest.mark.parametrize("value", ["alpha", " ALPHA ,x", "nlpsuite_alpha", "Nlpsuite.Alpha,beta"])
def test_the_environment_disables_by_name_or_distribution(install, ours, monkeypatch, value):
    install("alpha")
    install("other")
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", value)
    assert {plugin.name: plugin.enabled for plugin in ours()} == {"alpha": False, "other": True}


def test_an_empty_variable_disables_nothing(install, ours, monkeypatch):
    install("alpha")
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", " , ")
    assert ours()[0].enabled
    assert unknown_disabled(find_plugins()) == []


def test_a_name_that_disables_nothing_is_found(install, monkeypatch):
    install("alpha")
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", "alpha,alhpa")
    assert unknown_disabled(find_plugins()) == ["alhpa"]


def test_normalise():
    assert normalise(" My__Task.x ") == "my-task-x"
