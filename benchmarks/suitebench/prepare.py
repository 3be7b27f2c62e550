"""Folders that a row reads, made from the data folder: links under names that `suite` tells splits by, and parts of novels."""

from __future__ import annotations

import lzma
import os
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOVELS_SEED = 1
TRAIN_NOVELS = 24
SCORED_NOVELS = 4
"""Novels in each of valid and test."""
VALID_BYTES = 50_000
TEST_BYTES = 100_000
"""Text of each of those novels, from a fifth of the way in."""


def squad(data: Path, work: Path) -> None:
    """Link SQuAD 1.1 so that its dev file is tested on and chooses nothing; validation is held out of train."""
    link(work / "squad", {"train.json": data / "squad/train-v1.1.json", "test.json": data / "squad/dev-v1.1.json"})


def link(folder: Path, files: dict[str, Path]) -> None:
    """Make a folder of links, and put right those that point elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in files.items():
        place = folder / name
        if place.is_symlink() and place.resolve() == target.resolve():
            continue
        place.unlink(missing_ok=True)
        place.symlink_to(target.resolve())


def novels(data: Path, work: Path) -> None:
    """Write train.txt, valid.txt and test.txt: different novels, drawn by seed, whole in train and in part in the others."""
    folder = work / "novels"
    if (folder / "test.txt").exists():
        return
    with lzma.open(data / "pretrain/novels/novels.txt.xz", "rt", encoding="utf-8") as file:
        books = [book.strip("\n") for book in file.read().split("\n\n") if book.strip()]
    drawn = random.Random(NOVELS_SEED).sample(books, TRAIN_NOVELS + 2 * SCORED_NOVELS)
    valid, test = drawn[:SCORED_NOVELS], drawn[SCORED_NOVELS : 2 * SCORED_NOVELS]
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "train.txt", drawn[2 * SCORED_NOVELS :])
    write(folder / "valid.txt", [part(book, VALID_BYTES) for book in valid])
    # The file whose being there says that all of them are.
    write(folder / "test.txt", [part(book, TEST_BYTES) for book in test])


def part(book: str, size: int) -> str:
    """Return whole paragraphs of at most `size` bytes, from a fifth of the way into a novel, past preface and contents."""
    paragraphs = book.split("\n")
    kept, held = [], 0
    for paragraph in paragraphs[len(paragraphs) // 5 :]:
        held += len(paragraph.encode()) + 1
        if held > size:
            break
        kept.append(paragraph)
    return "\n".join(kept)


def write(path: Path, books: Iterable[str]) -> None:
    """Write novels with a blank line between them, or nothing at all if that fails."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text("\n\n".join(books) + "\n", encoding="utf-8")
    os.replace(temporary, path)
