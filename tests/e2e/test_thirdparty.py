"""Packages of others, built and installed as their users would, in an environment that knows nothing of the repository."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from nlpsuite.host.scaffold import Kind

PACKAGES = Path(__file__).resolve().parents[1] / "thirdparty"
QUICK = ("--max-steps", "6", "--set", "validations=1", "--json")


def ended(done) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def kept(environment, name: str) -> None:
    """Check a plugin by the command, and run the tests that it comes with."""
    checked = json.loads(ended(environment.run("suite", "plugins", "check", name, "--json")))
    results = {each["check"]: each["result"] for each in checked["checks"]}
    assert set(results.values()) <= {"kept", "does not apply"}
    assert results["saved"] == results["by_heart"] == "kept"


def passes_its_tests(environment, package: Path) -> None:
    done = environment.run(
        "python", "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(package / "tests")
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", list(Kind))
def test_a_new_plugin_does_what_its_readme_says_untouched(environment, kind):
    # A name that begins like one of the classes in the files.
    name = {Kind.SPAN: "place", Kind.GENERATE: "output", Kind.TOKENS: "my-sketch"}.get(kind, "fair-trade")
    folder = ended(environment.run("suite", "plugins", "new", name, "--kind", kind)).strip()
    assert folder == f"nlpsuite-{name}"
    package = environment.work / folder
    if "sketch" not in name:
        assert not [path for path in package.rglob("*") if path.is_file() and "sketch" in path.read_text().casefold()]
    (block,) = re.findall(r"^```bash\n(.*?)^```$", (package / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    install, check, train, predict = block.splitlines()
    assert install == f"pip install -e ./{folder}"
    environment.install(package)
    assert check == f"suite plugins check {name}"
    kept(environment, name)
    trained = json.loads(ended(environment.run(*shlex.split(train), *QUICK)))
    assert trained["task"] == name
    assert any(metric.startswith("test/") for metric in trained["metrics"])
    assert len(ended(environment.run(*shlex.split(predict))).splitlines()) > 2
    again = environment.run("suite", "plugins", "new", name, "--to", "elsewhere")
    assert again.returncode == 2
    assert "is installed" in again.stderr
    if kind == Kind.SPAN:
        # The others' tests are the same class of the same checks.
        passes_its_tests(environment, package)


def test_relations_become_a_graph(environment):
    environment.install(PACKAGES / "nlpsuite-relation")
    kept(environment, "relation")
    passes_its_tests(environment, PACKAGES / "nlpsuite-relation")
    flags = ("--set", "batch_tokens=200", "--set", "micro_tokens=100")
    trained = environment.run("suite", "run", "relation", "--out", "run", *QUICK, *flags)
    assert json.loads(ended(trained))["metrics"].keys() >= {"val/triple_f1", "test/accuracy"}
    assert "the first 20% of the run trains on an objective of the task's own" in trained.stderr
    curve = (environment.work / "run" / "loss.tsv").read_text().splitlines()
    assert curve[0] == "step\tloss"
    assert [line.split("\t")[0] for line in curve[1:]] == ["1", "2", "3", "4", "5", "6"], "its callback was there"
    losses = [float(line.split("\t")[1]) for line in curve[1:]]
    # Masked names are guessed among all pieces, relations among four.
    assert min(losses[:2]) > 4 > max(losses[2:]) > 0.5
    two = environment.run("suite", "run", "relation", "--out", "two", "--devices", "2", *QUICK)
    assert json.loads(ended(two))["steps"] == 6, (
        "processes that exchange gradients while the head has no part in the loss"
    )
    sentences = "[[Ada]] was born in ((Kiel)).\n[[Ada]] was born in ((Kiel)).\n"
    told = ended(environment.run("suite", "predict", "run", "-", input=sentences))
    rows = [json.loads(line) for line in told.splitlines()]
    assert [row["subject"] for row in rows] == [[0, 3], [0, 3]]
    triple = {"subject": "Ada", "relation": "born_in", "object": "Kiel"}
    found = [row | {"triple": triple, "probability": sure} for row, sure in zip(rows, (0.5, 1.0), strict=True)]
    (environment.work / "triples.jsonl").write_text("\n".join(map(json.dumps, found)) + "\n")
    edges = ended(environment.run("relation-graph", "triples.jsonl")).splitlines()
    assert edges == ["subject\trelation\tobject\tcount\tprobability", "Ada\tborn_in\tKiel\t2\t0.7500"]


def test_topics_need_no_labels(environment):
    environment.install(PACKAGES / "nlpsuite-topics")
    kept(environment, "topics")
    passes_its_tests(environment, PACKAGES / "nlpsuite-topics")
    trained = environment.run("suite", "run", "topics", "--set", "task.topics=3", "--out", "run", *QUICK)
    metrics = json.loads(ended(trained))["metrics"]
    assert metrics.keys() >= {"val/masked_loss", "test/topics_used"}
    assert -1 <= metrics.get("test/coherence_npmi", 0.0) <= 1
    assert trained.stderr.count("\ntopic ") == 3, "clusters are made once, of the training rows, and told"
    told = ended(environment.run("suite", "predict", "run", "-", input="The boat left the pier.\n"))
    (row,) = map(json.loads, told.splitlines())
    assert row["topic"] in (0, 1, 2)
    assert len(row["words"]) > 0
