"""The wheel, installed in a clean virtual environment outside the repository, does the job on its own."""

from __future__ import annotations

import json
import zipfile

TASKS = ("classification", "generation", "ner", "qa", "sentiment", "translation")


def test_the_wheel_holds_the_packages_the_data_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    plugins = {f"nlpsuite_{name}" for name in TASKS}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nlpsuite", *plugins}
    for plugin in plugins:
        assert [name for name in names if name.startswith(f"{plugin}/demo/train.")], plugin
        assert [name for name in names if name.startswith(f"{plugin}/check/bad-")], plugin
    assert "nlpsuite/assets/nano/model.safetensors" in names
    assert "nlpsuite/assets/scaffold/common/dot-gitignore" in names
    assert not [name for name in names if "__pycache__" in name]


def test_sentiment_runs_from_the_wheel(environment):
    where = environment.run(
        "python", "-c", "import nlpsuite, nlpsuite_sentiment as s; print(nlpsuite.__file__, s.__file__)"
    )
    for path in where.stdout.split():
        assert str(environment.bin.parent) in path
    done = environment.run("suite", "run", "sentiment", "--epochs", "1", "--limit", "48", "--out", "run", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["task"] == "sentiment"
    assert 0 <= answer["metrics"]["val/accuracy"] <= 1
    predicted = environment.run("suite", "predict", "run", "-", input="A lovely evening.\nNever again.\n")
    assert predicted.returncode == 0, predicted.stderr
    rows = [json.loads(line) for line in predicted.stdout.splitlines()]
    assert [row["text"] for row in rows] == ["A lovely evening.", "Never again."]
    assert {row["label"] for row in rows} <= {"negative", "positive"}
