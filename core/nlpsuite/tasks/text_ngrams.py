"""The n-gram part of text classification: fitted to the training rows when first asked for, restored with the head."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from nlpsuite.tasks.ngrams import ngram_bag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from nlpsuite.report import Reporter
    from nlpsuite.tasks.labels import LabelSchema
    from nlpsuite.tasks.ngram_fit import NgramFit
    from nlpsuite.tasks.ngram_scores import NgramScores
    from nlpsuite.tasks.ngrams import NgramBag
    from nlpsuite.tasks.task import Row
    from nlpsuite.tasks.text_head import TextFeatures
    from nlpsuite.tasks.text_settings import TextClassificationSettings

FEWEST_ROWS = 50
"""With fewer training rows, what n-grams say of rows held out is chance."""


class TextNgrams:
    """The n-grams of rows, and the scores fitted to those of the training rows.

    Args:
        labels: The labels.
        settings: The task's settings.
        several: Whether rows have several labels, or none.
        rows: The training rows; none where the task is restored.
        n_features: The number of known n-grams, where the task is restored.
        report: Told what n-grams alone can do.
    """

    def __init__(
        self,
        labels: LabelSchema,
        settings: TextClassificationSettings,
        *,
        several: bool,
        rows: Sequence[Row] = (),
        n_features: int = 0,
        report: Reporter,
    ):
        self._labels, self._settings, self._several, self._report = labels, settings, several, report
        used = settings.ngrams and not settings.portable and len(rows) >= FEWEST_ROWS
        self._rows = tuple(rows) if used else ()
        # By identity: a row of another split may have the same text, and must be scored as any new row.
        self._place = {id(row): place for place, row in enumerate(self._rows)}
        self._n_features = n_features
        self._bags: list[NgramBag] = []
        self._fit: NgramFit | None = None

    @property
    def n_features(self) -> int:
        """The number of known n-grams; 0 where the head has no such part."""
        return len(self._fitted().scores.keys_F) if self._rows else self._n_features

    def scores(self) -> NgramScores | None:
        """Return the part of the head that scores n-grams, fitted or, where the task is restored, to be loaded."""
        from nlpsuite.tasks.ngram_scores import NgramScores

        if self._rows:
            return copy.deepcopy(self._fitted().scores)
        return NgramScores(self._n_features, len(self._labels)) if self._n_features else None

    def logits(self, rows: Sequence[Row]) -> Tensor | None:
        """Return what the fitted n-grams say of any rows, float32 [R, C]; zero without n-grams, None where not fitted here."""
        import torch

        if self._rows:
            said_RC: Tensor = self._fitted().scores([row_bag(row) for row in rows])
            return said_RC
        return None if self._n_features else torch.zeros(len(rows), len(self._labels))

    def features(self, row: Row) -> TextFeatures | None:
        """Return what the head must know of a row's n-grams; None where it asks for nothing."""
        from nlpsuite.tasks.text_head import TextFeatures

        place = self._place.get(id(row))
        if place is not None:
            fitted = self._fitted()
            return TextFeatures(self._bags[place], fitted.held_out_RC[place])
        return TextFeatures(row_bag(row)) if self._rows or self._n_features else None

    def _fitted(self) -> NgramFit:
        if self._fit is None:
            self._bags = [row_bag(row) for row in self._rows]
            self._fit = fit_rows(self._rows, self._bags, self._labels, self._settings, several=self._several)
            self._report.say(self._told(self._fit))
        return self._fit

    def _told(self, fit: NgramFit) -> str:
        known = f"n-grams: {len(fit.scores.keys_F):,} of the training rows are scored beside the backbone"
        if self._several:
            return known
        said = fit.held_out_RC.argmax(1).tolist()
        right = sum(row.target == self._labels.names[each] for row, each in zip(self._rows, said, strict=True))
        return f"{known}; alone they label {right / len(said):.3f} of these rows right, each by a fit to other rows"


def row_bag(row: Row) -> NgramBag:
    """Return the n-grams of a row."""
    return ngram_bag(row.inputs["text"], row.inputs.get("text_pair"))


def fit_rows(
    rows: Sequence[Row],
    bags: Sequence[NgramBag],
    labels: LabelSchema,
    settings: TextClassificationSettings,
    *,
    several: bool,
) -> NgramFit:
    """Fit n-gram scores to rows with labels."""
    import torch

    from nlpsuite.tasks.ngram_fit import fit_ngrams

    target_RC = target_marks(rows, labels)
    kind = settings.class_weights
    if several:
        without_C, with_C = torch.tensor(labels.presence_weights(kind)).T
        weight_RC = torch.where(target_RC > 0, with_C, without_C)
    else:
        weight_RC = (target_RC @ torch.tensor(labels.class_weights(kind))).unsqueeze(1)
    return fit_ngrams(bags, target_RC, weight_RC, several=several)


def target_marks(rows: Sequence[Row], labels: LabelSchema) -> Tensor:
    """Return 1 where a row has a label and 0 elsewhere, float32 [R, C]."""
    import torch

    from nlpsuite.tasks.labels import labels_of

    place = {name: index for index, name in enumerate(labels.names)}
    target_RC = torch.zeros(len(rows), len(labels))
    for index, row in enumerate(rows):
        target_RC[index, [place[name] for name in labels_of(row)]] = 1
    return target_RC
