"""Exact match and F1 of answers, as SQuAD's own evaluation defines them."""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normal(text: str) -> str:
    """Return an answer in lower case, without ASCII punctuation and articles, with single spaces."""
    bare = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def exact(guess: str, answer: str) -> float:
    """Return 1 if the two are the same when normal, else 0."""
    return float(normal(guess) == normal(answer))


def f1(guess: str, answer: str) -> float:
    """Return the harmonic mean of precision and recall over words, which count as often as they occur."""
    a, b = normal(guess).split(), normal(answer).split()
    common = sum((Counter(a) & Counter(b)).values())
    return 2 * common / (len(a) + len(b)) if common else 0.0


def squad_scores(pairs: Iterable[tuple[str, Sequence[str]]]) -> dict[str, float]:
    """Return the means over (guess, right answers), from 0 to 1; the right answer that suits best counts."""
    exacts, f1s = [], []
    for guess, answers in pairs:
        exacts.append(max(exact(guess, answer) for answer in answers))
        f1s.append(max(f1(guess, answer) for answer in answers))
    return {"exact_match": sum(exacts) / len(exacts), "f1": sum(f1s) / len(f1s)}
