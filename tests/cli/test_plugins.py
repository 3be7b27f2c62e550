from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from nlpsuite.cli.app import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """A folder on `sys.path` with two installed plugins, one of which cannot be imported."""
    for name, source in (("tpc_good", ""), ("tpc_bad", "raise RuntimeError('imported')")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source)
        info = tmp_path / f"{name}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\nSummary: [red]{name}\n")
        (info / "entry_points.txt").write_text(f"[nlpsuite]\n{name.removeprefix('tpc_')}-one = {name}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", "tpc_good")
    return tmp_path


def test_list_as_a_table(site, capsys):
    assert main(["plugins", "list"]) == 0
    seen = capsys.readouterr()
    lines = [" ".join(line.split()) for line in seen.out.splitlines()]
    assert lines[0] == "NAME STATE DISTRIBUTION VERSION SUMMARY ORIGIN"
    assert f"bad-one enabled tpc_bad 1.5 [red]tpc_bad {site / 'tpc_bad'}" in lines
    assert f"good-one disabled tpc_good 1.5 [red]tpc_good {site / 'tpc_good'}" in lines
    assert seen.err == ""
    assert not {"tpc_good", "tpc_bad"} & set(sys.modules)


def test_list_as_json(site, capsys):
    assert main(["plugins", "list", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["command"] == "plugins list"
    assert {
        "name": "good-one",
        "state": "disabled",
        "distribution": "tpc_good",
        "version": "1.5",
        "summary": "[red]tpc_good",
        "origin": str(site / "tpc_good"),
    } in answer["plugins"]


def test_list_warns_of_a_disabled_name_that_is_nobodys(site, capsys, monkeypatch):
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", "god-one")
    assert main(["plugins", "list", "-q"]) == 0
    expected = "warning: NLPSUITE_DISABLE_PLUGINS names `god-one`, and no plugin or distribution is called that\n"
    assert capsys.readouterr().err == expected
