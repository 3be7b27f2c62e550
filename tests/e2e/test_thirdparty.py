"""Packages of others, built and installed as their users would, in an environment that knows nothing of the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlpsuite.host.scaffold import Kind

PACKAGES = Path(__file__).resolve().parents[1] / "thirdparty"
QUICK = ("--max-steps", "6", "--set", "validations=1", "--json")


def ended(done) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", list(Kind))
def test_a_new_plugin_installs_keeps_its_promises_and_trains_untouched(environment, kind):
    folder = ended(environment.run("suite", "plugins", "new", "fair-trade", "--kind", kind)).strip()
    assert folder == "nlpsuite-fair-trade"
    package = environment.work / folder
    assert not [path for path in package.rglob("*") if path.is_file() and "sketch" in path.read_text().casefold()]
    environment.install(package)
    checked = json.loads(ended(environment.run("suite", "plugins", "check", "fair-trade", "--json")))
    assert {each["result"] for each in checked["checks"]} == {"kept"}
    trained = json.loads(ended(environment.run("suite", "run", "fair-trade", "--out", "run", *QUICK)))
    assert trained["task"] == "fair-trade"
    assert any(name.startswith("test/") for name in trained["metrics"])
    again = environment.run("suite", "plugins", "new", "fair-trade", "--to", "elsewhere")
    assert again.returncode == 2
    assert "is installed" in again.stderr
    tests = environment.run(
        "python", "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(package / "tests")
    )
    assert tests.returncode == 0, tests.stdout


def test_relations_become_a_graph(environment):
    environment.install(PACKAGES / "nlpsuite-relation")
    checked = json.loads(ended(environment.run("suite", "plugins", "check", "relation", "--json")))
    assert {each["result"] for each in checked["checks"]} == {"kept"}
    trained = environment.run("suite", "run", "relation", "--out", "run", *QUICK)
    assert json.loads(ended(trained))["metrics"].keys() >= {"val/triple_f1", "test/accuracy"}
    assert "the first 20% of the run trains on an objective of the task's own" in trained.stderr
    curve = (environment.work / "run" / "loss.tsv").read_text().splitlines()
    assert curve[0] == "step\tloss"
    assert [line.split("\t")[0] for line in curve[1:]] == ["1", "2", "3", "4", "5", "6"], "its callback was there"
    sentences = "[[Ada]] was born in ((Kiel)).\n[[Ada]] was born in ((Kiel)).\n"
    told = ended(environment.run("suite", "predict", "run", "-", input=sentences))
    rows = [json.loads(line) for line in told.splitlines()]
    assert [row["subject"] for row in rows] == [[0, 3], [0, 3]]
    (environment.work / "triples.jsonl").write_text(told)
    edges = ended(environment.run("relation-graph", "triples.jsonl")).splitlines()
    assert edges[0] == "subject\trelation\tobject\tcount\tprobability"
    triples = [row["triple"] for row in rows if row["triple"]]
    assert [line.split("\t")[:4] for line in edges[1:]] == [
        ["Ada", each["relation"], "Kiel", "2"] for each in triples[:1]
    ]


def test_topics_need_no_labels(environment):
    environment.install(PACKAGES / "nlpsuite-topics")
    checked = json.loads(ended(environment.run("suite", "plugins", "check", "topics", "--json")))
    assert {each["result"] for each in checked["checks"]} == {"kept"}
    trained = environment.run("suite", "run", "topics", "--set", "task.topics=3", "--out", "run", *QUICK)
    metrics = json.loads(ended(trained))["metrics"]
    assert metrics.keys() >= {"val/masked_loss", "test/coherence_npmi", "test/topics_used"}
    assert -1 <= metrics["test/coherence_npmi"] <= 1
    assert trained.stderr.count("\ntopic ") == 3, "clusters are made once, of the training rows, and told"
    told = ended(environment.run("suite", "predict", "run", "-", input="The boat left the pier.\n"))
    (row,) = map(json.loads, told.splitlines())
    assert row["topic"] in (0, 1, 2)
    assert len(row["words"]) > 0
