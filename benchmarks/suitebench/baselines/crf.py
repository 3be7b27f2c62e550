"""A linear-chain CRF over features of the word and its neighbours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from suitebench.baselines.entities import read_columns, strict_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Features = Callable[[Sequence[str], int], list[str]]

ROUNDS = 100
L1 = L2 = 0.1


def measure(folder: Path, features: Features) -> dict[str, float]:
    """Train on the folder's training file and score its test file, strictly by entity.

    Args:
        folder: Holds one file whose name begins with `train` and one whose name begins with `test`.
        features: Of a word in its sentence; the words are all it sees, so columns of other annotation are left out.
    """
    from sklearn_crfsuite import CRF

    train, valid, test = (split(folder, names) for names in (("train",), ("valid", "dev"), ("test",)))
    model = CRF(algorithm="lbfgs", c1=L1, c2=L2, max_iterations=ROUNDS, all_possible_transitions=True)
    model.fit(inputs(train, features), [tags for _, tags in train])
    figures: dict[str, float] = {}
    for name, rows in (("val", valid), ("test", test)):
        scores = strict_scores([tags for _, tags in rows], model.predict(inputs(rows, features)))
        figures |= {f"{name}/{key}": value for key, value in scores.items()}
    return figures


def split(folder: Path, names: tuple[str, ...]) -> list[tuple[list[list[str]], list[str]]]:
    """Read the sentences of the file whose name begins with one of `names`."""
    return read_columns(next(path for path in sorted(folder.iterdir()) if path.name.startswith(names)))


def inputs(rows: Sequence[tuple[list[list[str]], list[str]]], features: Features) -> list[list[list[str]]]:
    """Return the features of every word of every sentence."""
    sentences = [[fields[0] for fields in words] for words, _ in rows]
    return [[features(words, place) for place in range(len(words))] for words in sentences]


def word_features(words: Sequence[str], place: int) -> list[str]:
    """Return form, shape, prefixes and suffixes of an English word, and forms and shapes of two words to each side."""
    word = words[place]
    lower = word.lower()
    own = [f"p{size}={lower[:size]}" for size in (1, 2, 3, 4)] + [f"s{size}={lower[-size:]}" for size in (1, 2, 3, 4)]
    near = []
    for offset in (-2, -1, 0, 1, 2):
        at = place + offset
        if not 0 <= at < len(words):
            near.append(f"{offset}:edge")
            continue
        form = shape(words[at])
        brief = re.sub(r"(.)\1+", r"\1", form)
        near += [f"{offset}:w={words[at].lower()}", f"{offset}:h={form}", f"{offset}:k={brief}"]
    pairs = [f"{a}|{b}={word_at(words, place + a)}|{word_at(words, place + b)}" for a, b in ((-1, 0), (0, 1))]
    return ["bias", f"form={word}", *own, *near, *pairs]


def character_features(words: Sequence[str], place: int) -> list[str]:
    """Return characters, pairs and threes of characters around a Chinese character, and whether they are digits or letters."""
    near = [f"{offset}={word_at(words, place + offset)}" for offset in (-3, -2, -1, 0, 1, 2, 3)]
    pairs = [f"{a}|{a + 1}={word_at(words, place + a)}{word_at(words, place + a + 1)}" for a in (-3, -2, -1, 0, 1, 2)]
    threes = [f"{a}||{a + 2}=" + "".join(word_at(words, place + at) for at in (a, a + 1, a + 2)) for a in (-2, -1, 0)]
    kinds = [f"{offset}:h={shape(word_at(words, place + offset))}" for offset in (-1, 0, 1)]
    return ["bias", *near, *pairs, *threes, *kinds]


def shape(word: str) -> str:
    """Return a word with its letters and digits replaced by X, x and 0."""
    return "".join(
        "0" if c.isdigit() else "X" if c.isupper() else "x" if c.islower() else c if c.isascii() else "c" for c in word
    )


def word_at(words: Sequence[str], place: int) -> str:
    """Return the lower-cased word at a place, or a mark for the sentence's edge."""
    return words[place].lower() if 0 <= place < len(words) else "<edge>"
