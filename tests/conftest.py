"""What tests of every part share."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

SUBJECTS = (
    "the old man",
    "a small dog",
    "my sister",
    "the captain",
    "our teacher",
    "a stranger",
    "the river",
    "her friend",
)
VERBS = ("walked to", "looked at", "spoke of", "forgot", "remembered", "left", "painted", "dreamed of")
OBJECTS = ("the harbour", "a quiet garden", "the last train", "an empty house", "the winter market", "a long letter")
ENDINGS = ("in the morning", "before the rain came", "with a smile", "for no reason at all", "once more", "that year")


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A text of a few hundred short, different documents, separated by blank lines."""
    draw = random.Random(0)
    sentences = [
        f"{draw.choice(SUBJECTS)} {draw.choice(VERBS)} {draw.choice(OBJECTS)} {draw.choice(ENDINGS)}.".capitalize()
        for _ in range(1200)
    ]
    documents = [" ".join(sentences[at : at + 3]) for at in range(0, len(sentences), 3)]
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(documents) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real data sets; tests that use it are marked `realdata` and skip where it is absent."""
    folder = Path(os.environ.get("NLPSUITE_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip("NLPSUITE_DATA names no folder")
    return folder.resolve()
