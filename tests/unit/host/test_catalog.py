from __future__ import annotations

import sys

import pytest

from nlpsuite.host.catalog import find_plugins, normalise, unknown_disabled
from nlpsuite.host.resolve import _plugin_named


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
    assert plugin.error == "its module `tp_nowhere` is missing"


def test_a_module_with_the_name_of_a_standard_one_is_an_error(install, ours):
    install("alpha", value="json")
    install("beta")
    assert {plugin.name: plugin.error for plugin in ours()} == {
        "alpha": "its module `json` has the name of a standard one",
        "beta": "",
    }


def test_of_two_plugins_with_one_name_the_first_is_meant(install, ours):
    install("alpha", distribution="acme-one")
    install("Alpha", distribution="acme-two")
    errors = {plugin.distribution: plugin.error for plugin in ours()}
    assert errors == {"acme-one": "", "acme-two": "its name is that of `alpha` (acme-one 1.0), which goes first"}


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


def test_a_disabled_plugin_makes_room_for_another_of_its_name(install, ours, monkeypatch):
    install("alpha", distribution="acme-one")
    install("Alpha", distribution="acme-two")
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", "acme-one")
    assert {plugin.distribution: (plugin.enabled, plugin.error) for plugin in ours()} == {
        "acme-one": (False, ""),
        "acme-two": (True, ""),
    }
    assert _plugin_named("alpha", ours()).distribution == "acme-two"


def test_one_module_of_two_distributions_is_an_error_of_the_second(install, ours):
    package = install("alpha", distribution="acme-one")
    install("beta", distribution="acme-two", value=package.name)
    errors = {plugin.distribution: plugin.error for plugin in ours()}
    assert errors == {"acme-one": "", "acme-two": "its module `tp_alpha` is that of `alpha` (acme-one 1.0), too"}


def test_a_module_that_is_no_python_shows_without_importing(install, ours):
    install("alpha", "def (:\n")
    assert "its module is no Python: " in ours()[0].error


def test_an_installation_that_is_not_whole_keeps_no_command_from_listing(install, tmp_path):
    install("alpha")
    (tmp_path / "site" / "nlpsuite_alpha-1.0.dist-info" / "METADATA").unlink()
    (found,) = [plugin for plugin in find_plugins() if plugin.name == "alpha"]
    assert found.error == "it is not whole: the name of its distribution is missing"
    assert found.distribution == "tp_alpha"


def test_a_star_disables_all_but_the_suites_own(install, monkeypatch):
    install("alpha")
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", "*,qa")
    enabled = {plugin.name: plugin.enabled for plugin in find_plugins()}
    assert not enabled["alpha"]
    assert enabled["ner"]
    assert not enabled["qa"]
    assert unknown_disabled(find_plugins()) == []


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
