"""Answers by word overlap in a sliding window, after Richardson, Burges and Renshaw (2013), MCTest.

As the SQuAD paper (Rajpurkar et al. 2016) uses it: the sentence that shares most words and pairs of words with the
question is kept, and in it the candidate with the best window score less a distance. That paper's candidates are the
constituents of a parse. There is no parser here, so they are runs of words between stop words, marks and words of the
question; and what a candidate's own words weigh is taken off again, or the longest would always win. The figures are
near the paper's (13 and 20) and not the same. The two choices were made on a fortieth of the training file.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from suitebench.baselines.squad_score import squad_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

STOP_WORDS = """
a about after all also among an and any are as at be became because been before being between both but by can
could did do does during each for from had has have he her him his how however if in including into is it its
many may more most much not of on one only or other our over she should since so some such than that the their
them then there these they this those through to under until up upon used was we were what when where which
while who whom whose why will with within would you your
"""
STOP = frozenset(STOP_WORDS.split())
LONGEST = 8
"""Words of the longest candidate."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph in words: `words` in lower case, where each `begins` and `ends` in `text`, and the sentence of each."""

    text: str
    words: list[str]
    begins: list[int]
    ends: list[int]
    sentence: list[int]
    weights: dict[str, float]


def measure(path: Path) -> dict[str, float]:
    """Answer every question of a SQuAD 1.1 file and score the answers."""
    pairs: list[tuple[str, Sequence[str]]] = []
    for text, questions in paragraphs(path):
        passage = read(text)
        pairs += [(answer(passage, question), answers) for question, answers in questions]
    return {f"test/{name}": value for name, value in squad_scores(pairs).items()}


def paragraphs(path: Path) -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    """Yield each paragraph with its questions and their right answers."""
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            questions = [(qa["question"], [each["text"] for each in qa["answers"]]) for qa in paragraph["qas"]]
            yield paragraph["context"], questions


def read(text: str) -> Passage:
    """Cut a paragraph into words and sentences; a word weighs log(1 + 1 / its count), as in the paper."""
    found = list(re.finditer(r"\d[\d.,]*\d|\w+|[^\w\s]", text))
    sentence, numbers = 0, []
    for place, match in enumerate(found):
        numbers.append(sentence)
        after = text[match.end() : match.end() + 2]
        if (
            match.group() in ".!?"
            and place > 0
            and len(found[place - 1].group()) > 2
            and re.match(r"\s[A-Z\"']", after)
        ):
            sentence += 1
    words = [match.group().lower() for match in found]
    weights = {word: math.log1p(1 / count) for word, count in Counter(words).items()}
    return Passage(text, words, [m.start() for m in found], [m.end() for m in found], numbers, weights)


def answer(passage: Passage, question: str) -> str:
    """Return the best candidate's text; the paragraph's first word where there is no candidate."""
    asked = {word for word in re.findall(r"\d[\d.,]*\d|\w+", question.lower()) if word not in STOP}
    words = re.findall(r"\w+", question.lower())
    pairs = set(pairwise(words))
    overlap: Counter[int] = Counter()
    for place, word in enumerate(passage.words):
        number = passage.sentence[place]
        overlap[number] += (word in asked) + ((word, next_word(passage, place)) in pairs)
    # Sentences in the order of their overlap, until one holds a candidate.
    for number, _ in sorted(overlap.items(), key=lambda item: (-item[1], item[0])):
        best = max(candidates(passage, number, asked), key=lambda span: score(passage, span, asked), default=None)
        if best is not None:
            return passage.text[passage.begins[best[0]] : passage.ends[best[1] - 1]]
    return passage.text[: passage.ends[0]] if passage.ends else ""


def next_word(passage: Passage, place: int) -> str:
    """Return the word after a place, or nothing at the end."""
    return passage.words[place + 1] if place + 1 < len(passage.words) else ""


def candidates(passage: Passage, number: int, asked: set[str]) -> list[tuple[int, int]]:
    """Return spans of a sentence as (first word, word after the last)."""
    places = [place for place, sentence in enumerate(passage.sentence) if sentence == number]
    runs: list[tuple[int, int]] = []
    for place in places:
        word = passage.words[place]
        if word in STOP or word in asked or not re.match(r"\w", word):
            continue
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return [(start, end) for start, end in runs if end - start <= LONGEST]


def score(passage: Passage, span: tuple[int, int], asked: set[str]) -> float:
    """Return the heaviest window of as many words as question and candidate have, less the distance between the two."""
    wanted = asked | set(passage.words[span[0] : span[1]])
    weights = np.array([passage.weights[word] if word in wanted else 0.0 for word in passage.words])
    sums: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(weights)])
    size = min(len(wanted), len(passage.words))
    # In a fixed order: sums that differ in their last bit would break ties between candidates by chance.
    own = sum(passage.weights[word] for word in sorted(set(passage.words[span[0] : span[1]])))
    window = float((sums[size:] - sums[:-size]).max()) - own
    hits = [place for place, word in enumerate(passage.words) if word in asked]
    if not hits:
        return window - 1.0
    nearest = min(min(abs(hit - place) for hit in hits) for place in range(*span))
    return window - nearest / max(1, len(passage.words) - 1)
