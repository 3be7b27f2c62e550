"""The wheel, installed in a clean virtual environment outside the repository, does the job on its own.

The dependencies are lent from the environment that runs the tests, so that the test needs no network; nlpsuite and its
plugins come from the wheel alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TASKS = ("classification", "generation", "ner", "qa", "sentiment", "translation")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("nlpsuite-*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; returns its bin folder."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    # A plain path in a .pth lends the packages without running the .pth files beside them, such as the editable install's.
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own.stdout.strip()) / "lent.pth").write_text("\n".join(lent) + "\n")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps"),
            *("--ignore-installed", "--disable-pip-version-check", "-q", str(wheel)),
        ],
        check=True,
    )
    return folder / "bin"


def test_the_wheel_holds_the_packages_the_data_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    plugins = {f"nlpsuite_{name}" for name in TASKS}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nlpsuite", *plugins}
    for plugin in plugins:
        assert [name for name in names if name.startswith(f"{plugin}/demo/train.")], plugin
    assert "nlpsuite/assets/nano/model.safetensors" in names
    assert not [name for name in names if "__pycache__" in name]


def test_sentiment_runs_from_the_wheel(environment, tmp_path):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    where = subprocess.run(
        [environment / "python", "-c", "import nlpsuite, nlpsuite_sentiment as s; print(nlpsuite.__file__, s.__file__)"],
        cwd=tmp_path, env=clean, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for path in where.stdout.split():
        assert str(environment.parent) in path
    done = subprocess.run(
        [environment / "suite", "run", "sentiment", "--epochs", "1", "--limit", "48", "--out", "run", "--json"],
        cwd=tmp_path, env=clean, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["task"] == "sentiment"
    assert 0 <= answer["metrics"]["val/accuracy"] <= 1
    predicted = subprocess.run(
        [environment / "suite", "predict", "run", "-"],
        cwd=tmp_path, env=clean, capture_output=True, text=True, input="A lovely evening.\nNever again.\n",
    )  # fmt: skip
    assert predicted.returncode == 0, predicted.stderr
    rows = [json.loads(line) for line in predicted.stdout.splitlines()]
    assert [row["text"] for row in rows] == ["A lovely evening.", "Never again."]
    assert {row["label"] for row in rows} <= {"negative", "positive"}
