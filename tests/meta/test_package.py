"""What the distribution promises: its entry points, its tree, its sizes."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TASKS = ("classification", "generation", "ner", "qa", "sentiment", "translation")


def test_entry_points_are_the_expected_ones():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    expected = {name: f"nlpsuite_{name}" for name in TASKS}
    assert declared["entry-points"]["nlpsuite"] == expected
    installed = {point.name: point.value for point in metadata.distribution("nlpsuite").entry_points}
    assert installed == expected | {"suite": "nlpsuite.cli.app:main"}


def test_core_needs_none_of_the_libraries_that_peers_broke_on():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {line.split(">")[0].split("[")[0].lower() for line in declared["dependencies"]}
    assert not names & {"transformers", "datasets", "evaluate", "scikit-learn"}
    assert not any("==" in line for line in declared["dependencies"]), "ranges stay wide"


def test_files_stay_small():
    lengths = sorted(
        len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("core", "plugins")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert lengths[len(lengths) // 2] < 120
    assert lengths[-1] <= 500


def test_the_embedded_backbone_is_small_enough_to_ship():
    folder = ROOT / "core" / "nlpsuite" / "assets" / "nano"
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert 1_000_000 < size <= 16_000_000
    card = (folder / "README.md").read_text(encoding="utf-8")
    for word in ("text", "tokens seen", "time", "hardware", "bits per byte", "command"):
        assert word in card
