from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from nlpsuite.errors import UserError
from nlpsuite.tasks.labels import LabelSchema, natural_order
from nlpsuite.tasks.task import Row


def rows(*labels: str) -> list[Row]:
    return [Row({"text": "t"}, label, f"data/train.tsv:{line}") for line, label in enumerate(labels, start=2)]


@pytest.mark.parametrize(
    "names",
    [
        ["negative", "neutral", "positive"],
        ["Very Negative", "NEGATIVE", "neutral", "positive", "very_positive"],
        ["neg", "pos"],
        ["-1", "0", "1"],
        ["1", "2", "10"],
        ["0.5", "1.0", "2.5"],
        ["1 star", "2 stars", "10 stars"],
        ["Business", "sports", "World"],
        ["1", "good"],
        ["inf", "nan"],
    ],
)
def test_labels_have_a_natural_order(names: list[str]) -> None:
    assert natural_order(reversed(names)) == names
    assert natural_order([*names, *names]) == names


def test_a_schema_keeps_names_and_counts() -> None:
    schema = LabelSchema.from_rows(rows("pos", "neg", "pos"))
    assert (schema.names, schema.counts, len(schema)) == (("neg", "pos"), (1, 2), 2)
    assert (schema.index("pos"), schema.majority) == (1, "pos")
    assert LabelSchema.from_state(schema.to_state()) == schema
    with pytest.raises(KeyError):
        schema.index("neutral")


def test_class_weights_are_those_of_scikit_learn() -> None:
    labels = ["a"] * 7 + ["b"] * 2 + ["c"]
    schema = LabelSchema.from_rows(rows(*labels))
    expected = compute_class_weight("balanced", classes=np.array(["a", "b", "c"]), y=np.array(labels))
    assert schema.class_weights("balanced") == pytest.approx(tuple(expected))
    assert schema.class_weights("none") == (1.0, 1.0, 1.0)


def test_one_label_only_is_refused() -> None:
    with pytest.raises(UserError, match=r"^data/train.tsv: all 3 training rows have one label, `pos`"):
        LabelSchema.from_rows(rows("pos", "pos", "pos"))
    with pytest.raises(UserError, match="no rows"):
        LabelSchema.from_rows([])


def test_one_number_is_not_meant_by_another() -> None:
    with pytest.raises(UserError) as caught:
        LabelSchema.from_rows(rows("1.10", "1.2", "1.10")).check(rows("1.19"))
    assert "did you mean" not in str(caught.value)
    assert "regression is not supported" in str(caught.value)
    with pytest.raises(UserError) as caught:
        LabelSchema.from_rows(rows("11", "12")).check(rows("1"))
    assert str(caught.value).endswith("known labels: `11`, `12`")


def test_an_unknown_label_is_refused_with_its_line_and_the_nearest() -> None:
    schema = LabelSchema.from_rows(rows("positive", "negative"))
    schema.check(rows("positive", "negative", "positive"))
    with pytest.raises(UserError, match=r"did you mean `positive`\? known labels: `negative`, `positive`") as caught:
        schema.check(rows("positive", "postive"))
    assert (caught.value.where, caught.value.line) == ("data/train.tsv", 3)
