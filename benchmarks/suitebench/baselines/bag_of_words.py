"""TF-IDF of n-grams and logistic regression; how strong the penalty is, the validation rows decide.

Where those are held out of the training rows, the model that is tested is fitted to all of these.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PENALTIES = (1.0, 3.0, 10.0, 30.0)
"""Values of C that are tried."""
HELD_OUT = 0.1
"""The share of training rows that decide where there is no validation file."""
SEED = 1

Rows = tuple[list[str], list[str]]
"""Texts and labels."""


def measure(folder: Path, *, analyser: str, ngrams: tuple[int, int]) -> dict[str, float]:
    """Train on `folder` and return the accuracies.

    Args:
        folder: Holds train and test, and perhaps dev, as `.tsv` with a header or `.csv` without one.
        analyser: `word` or `char`.
        ngrams: Shortest and longest n-gram.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.model_selection import train_test_split

    train, valid, test = (read(folder, split) for split in ("train", "dev", "test"))
    assert train is not None
    assert test is not None
    everything = train
    if valid is None:
        parts = train_test_split(*train, test_size=HELD_OUT, random_state=SEED, stratify=train[1])
        train, valid = (parts[0], parts[2]), (parts[1], parts[3])
    vectoriser = TfidfVectorizer(analyzer=analyser, ngram_range=ngrams, sublinear_tf=True)
    inputs = vectoriser.fit_transform(train[0])
    valid_inputs, test_inputs = vectoriser.transform(valid[0]), vectoriser.transform(test[0])
    models = [LogisticRegression(C=penalty, max_iter=1000).fit(inputs, train[1]) for penalty in PENALTIES]
    scores = [float(model.score(valid_inputs, valid[1])) for model in models]
    best = scores.index(max(scores))
    model = models[best]
    if everything is not train:
        inputs, test_inputs = vectoriser.fit_transform(everything[0]), vectoriser.transform(test[0])
        model = LogisticRegression(C=PENALTIES[best], max_iter=1000).fit(inputs, everything[1])
    predicted = model.predict(test_inputs)
    return {
        "val/accuracy": scores[best],
        "test/accuracy": float(accuracy_score(test[1], predicted)),
        "test/f1_macro": float(f1_score(test[1], predicted, average="macro")),
        "C": PENALTIES[best],
    }


def read(folder: Path, split: str) -> Rows | None:
    """Read a split; None if there is no file of it."""
    if (folder / f"{split}.tsv").exists():
        with (folder / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        text = next(name for name in table[0] if name != "label")
        return [row[text] for row in table], [row["label"] for row in table]
    if (folder / f"{split}.csv").exists():
        with (folder / f"{split}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        return [" ".join(fields[1:]) for fields in rows], [fields[0] for fields in rows]
    return None
