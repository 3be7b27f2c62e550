"""Data sets by name from a hub that answers on this machine, or does not; all in one process, whose hub it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

import nlpsuite

ASK = """
import json, sys, time
from nlpsuite.errors import UserError
from nlpsuite.hub import opening
from nlpsuite.hub.folder import data_folder
from nlpsuite.hub.request import request
from nlpsuite.report import Silent

class Said(Silent):
    def __init__(self):
        self.said = []
    def say(self, text):
        self.said.append(text)

for key, data, limit, large, *text in json.loads(sys.argv[1]):
    opening.LARGE = 0 if large else 10**9
    report, begun = Said(), time.monotonic()
    found = {"folder": None, "error": None}
    try:
        asked = request(data, "text", {"text": "text"}, {}, limit) if text else request(data, "train", {}, {}, limit)
        found["folder"] = str(data_folder(asked, report))
    except UserError as error:
        found["error"] = str(error)
    print(json.dumps({"key": key, "said": report.said, "seconds": time.monotonic() - begun, **found}))
"""
CASES = {
    "plain": ("hf:org/films", None, False),
    "again": ("hf:org/films", None, False),
    "revision": ("hf:org/films@main", None, False),
    "config": ("hf:org/several/two", None, False),
    "streamed": ("hf:org/several/one", 4, False),
    "text of unknown size": ("hf:org/several/one", None, False, True),
    "no revision": ("hf:org/films@nope", None, False),
    "none": ("hf:org/none", None, False),
    "no config": ("hf:org/several", None, False),
    "script": ("hf:org/script", None, False),
    "gated": ("hf:org/gated", None, False),
    "busy": ("hf:org/busy", None, False),
}


def ask(cases, port, home):
    """Ask for data sets in a process of its own, since those libraries read where the hub is when they are imported."""
    core = os.path.dirname(os.path.dirname(nlpsuite.__file__))
    path = os.pathsep.join(filter(None, [core, os.environ.get("PYTHONPATH")]))
    env = os.environ | {
        "HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": str(home / "hf"), "HF_HUB_DISABLE_XET": "1",
        "XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": path,
    }  # fmt: skip
    words = json.dumps([[key, *case] for key, case in cases.items()])
    done = subprocess.run([sys.executable, "-c", ASK, words], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Nothing of those libraries is on the screen.
    assert done.stderr == ""
    return {found["key"]: found for found in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def answers(tmp_path_factory, serve):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    home = tmp_path_factory.mktemp("hub")
    root = home / "root" / "org"
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})

    def write(path, count):
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = {"text": [f"film {each}" for each in range(count)], "label": [each % 2 for each in range(count)]}
        datasets.Dataset.from_dict(rows, features=features).to_parquet(path)

    for split, count in (("train", 30), ("validation", 10)):
        write(root / "films" / "data" / f"{split}-00000-of-00001.parquet", count)
    text = "---\nconfigs:\n"
    for config in ("one", "two"):
        write(root / "several" / config / "train.parquet", 9)
        text += f"- config_name: {config}\n  data_files:\n  - split: train\n    path: {config}/train.parquet\n"
    (root / "several" / "README.md").write_text(text + "---\n")
    for name in ("script", "gated", "busy"):
        (root / name).mkdir()
    (root / "script" / "script.py").write_text("raise SystemExit(7)\n")
    server, handler = serve(home / "root")
    handler.status |= {"org/gated": (403, "GatedRepo"), "org/busy": (503, "")}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found = ask(CASES, server.server_port, home)
    server.shutdown()
    server.server_close()
    thread.join()
    cases = {"kept": ("hf:org/films", None, False), "gone": ("hf:org/other", None, False)}
    return found | ask(cases, server.server_port, home)


def rows(found, split="train"):
    assert found["error"] is None
    with open(f"{found['folder']}/{split}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_a_data_set_is_read_once(answers):
    assert rows(answers["plain"])[1] == {"text": "film 1", "label": "yes"}
    assert len(rows(answers["plain"], "validation")) == 10
    assert any("commit c0ffee0000" in line for line in answers["plain"]["said"])
    assert answers["again"]["folder"] == answers["plain"]["folder"]
    assert any("as it was read on" in line for line in answers["again"]["said"])


def test_revisions_and_configurations(answers):
    assert len(rows(answers["revision"])) == 30
    assert len(rows(answers["config"])) == 9
    assert "hf:org/several/two: configuration `two`" in answers["config"]["said"]


def test_with_a_limit_a_data_set_of_unknown_size_is_read_as_it_comes(answers):
    assert [row["text"] for row in rows(answers["streamed"])] == [f"film {each}" for each in range(4)]
    assert any("rows are read as they come" in line for line in answers["streamed"]["said"])


def test_text_of_unknown_size_is_read_as_it_comes(answers):
    """For it may have no end within a disk's reach."""
    assert rows(answers["text of unknown size"]) == [{"text": f"film {each}"} for each in range(9)]
    said = answers["text of unknown size"]["said"]
    assert any("its size is not known, so rows are read as they come" in line for line in said)


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("no revision", "hf:org/films@nope: no revision `nope`; "),
        ("none", "hf:org/none: no such data set on the hub; "),
        (
            "no config",
            "hf:org/several: the data set has 2 configurations; say which, such as hf:org/several/one; there are one, two",
        ),
        ("script", "hf:org/script: the data set is made by a script of its own; no code of a data set is ever run; "),
        ("gated", "hf:org/gated: the data set needs a login; accept its terms on "),
        ("busy", "hf:org/busy: the hub says 503; wait a while"),
        ("gone", "hf:org/other: the hub cannot be reached; check the network, "),
    ],
)
def test_one_line_says_what_is_wrong(answers, case, error):
    assert answers[case]["error"].startswith(error)
    assert "\n" not in answers[case]["error"]
    assert answers[case]["seconds"] < 15


def test_where_the_hub_cannot_be_reached_what_was_read_before_is_used(answers):
    assert answers["kept"]["folder"] == answers["plain"]["folder"]
    assert any("the hub cannot be reached; as it was read on" in line for line in answers["kept"]["said"])
