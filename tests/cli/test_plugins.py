from __future__ import annotations

import json
import subprocess
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
    assert lines[0] == "NAME STATE DISTRIBUTION VERSION SUMMARY ORIGIN ERROR"
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
        "error": "",
    } in answer["plugins"]


def test_list_may_load_each_to_tell_what_is_wrong(site, capsys):
    assert main(["plugins", "list", "--load", "--json"]) == 0
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)["plugins"]}
    assert listed["bad-one"]["state"] == "broken"
    assert "RuntimeError: imported" in listed["bad-one"]["error"]
    assert listed["good-one"]["state"] == "disabled"
    assert listed["sentiment"]["state"] == "enabled"


def test_no_plugins_leaves_the_suites_own(site, capsys, monkeypatch):
    # Set, so that what the command sets is taken back after the test.
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", "ner")
    assert main(["--no-plugins", "plugins", "list", "--json"]) == 0
    states = {each["name"]: each["state"] for each in json.loads(capsys.readouterr().out)["plugins"]}
    assert states["bad-one"] == states["good-one"] == states["ner"] == "disabled"
    assert states["sentiment"] == "enabled"


def test_fifty_plugins_are_listed_without_importing_one(tmp_path):
    """How long that takes is measured by benchmarks/command_line.py; what makes it quick is tested here."""
    for number in range(50):
        (tmp_path / f"tpc_{number}.py").write_text("raise RuntimeError('imported')\n")
        info = tmp_path / f"tpc_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tpc-{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[nlpsuite]\nplugin-{number} = tpc_{number}\n")
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "from nlpsuite.cli.app import main\n"
        "assert main(['plugins', 'list', '--json']) == 0\n"
        "heavy = {'torch', 'numpy', 'rich', 'pytorch_lightning', 'pluggy', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert not [name for name in sys.modules if name.startswith('tpc_')]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len([each for each in json.loads(done.stdout)["plugins"] if each["name"].startswith("plugin-")]) == 50


def test_a_new_plugin_is_written_and_nothing_overwritten(tmp_path, capsys):
    assert main(["plugins", "new", "Fair_Trade", "--to", str(tmp_path), "--kind", "span", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == "fair-trade"
    assert told["folder"] == str(tmp_path / "nlpsuite-fair-trade")
    assert str(tmp_path / "nlpsuite-fair-trade" / "nlpsuite_fair_trade" / "task.py") in told["files"]
    text = (tmp_path / "nlpsuite-fair-trade" / "nlpsuite_fair_trade" / "task.py").read_text()
    assert "class FairTradeTask(Task):" in text
    assert main(["plugins", "new", "fair-trade", "--to", str(tmp_path)]) == 2
    assert "the folder is there already" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "9lives", "a/b", "../x", "no--", "Ü"])
def test_a_name_that_is_none_is_refused(tmp_path, capsys, name):
    assert main(["plugins", "new", name, "--to", str(tmp_path)]) == 2
    assert "is no name for a task" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_an_installed_plugin_is_refused(tmp_path, capsys):
    assert main(["plugins", "new", "nlpsuite-Sentiment", "--to", str(tmp_path)]) == 2
    assert "a plugin called `sentiment` (nlpsuite" in capsys.readouterr().err


def test_check_tells_what_is_broken_with_status_one(tmp_path, capsys):
    assert main(["plugins", "new", "tpc-checked", "--to", str(tmp_path)]) == 0
    folder = tmp_path / "nlpsuite-tpc-checked"
    with (folder / "nlpsuite_tpc_checked" / "task.py").open("a") as file:
        file.write(
            "\n\ndef encode(self, row):\n    return TextClassification.encode(self, row)[:1]\n\n\n"
            "TpcCheckedTask.encode = encode\n"
        )
    capsys.readouterr()
    assert main(["plugins", "check", str(folder), "-q"]) == 1
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "CHECK RESULT PROMISE"
    broken = [line for line in lines if " broken " in line]
    assert len(broken) == 1
    assert broken[0].startswith("long_rows broken")


def test_check_of_what_is_no_plugin_is_refused(tmp_path, capsys):
    assert main(["plugins", "check", str(tmp_path)]) == 2
    assert "no plugin lives in this folder" in capsys.readouterr().err


def test_list_warns_of_a_disabled_name_that_is_nobodys(site, capsys, monkeypatch):
    monkeypatch.setenv("NLPSUITE_DISABLE_PLUGINS", "god-one")
    assert main(["plugins", "list", "-q"]) == 0
    expected = "warning: NLPSUITE_DISABLE_PLUGINS names `god-one`, and no plugin or distribution is called that\n"
    assert capsys.readouterr().err == expected
