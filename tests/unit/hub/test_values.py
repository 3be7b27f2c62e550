from __future__ import annotations

import datetime
from decimal import Decimal

from nlpsuite.hub.values import converter, described, holds_text
from nlpsuite.plain import plain


def made(feature, value):
    return converter(feature)(value)


def test_numbers_of_classes_become_their_names(lib):
    label = lib.ClassLabel(names=["bad", "good"])
    assert [made(label, each) for each in (0, 1, -1, None, "good")] == ["bad", "good", None, None, "good"]
    tags = [lib.ClassLabel(names=["O", "B-PER"])]
    for feature in (lib.Features({"tags": tags})["tags"], lib.Features({"tags": lib.Sequence(tags[0])})["tags"]):
        assert made(feature, [1, 0]) == ["B-PER", "O"]
        assert not holds_text(feature)


def test_nested_values(lib):
    answers = lib.Features({"answers": lib.Sequence({"text": lib.Value("string"), "answer_start": lib.Value("int32")})})
    value = {"text": ["Ana"], "answer_start": [3]}
    assert made(answers["answers"], value) == value
    assert holds_text(answers["answers"])
    pair = lib.Translation(languages=["en", "de"])
    assert made(pair, {"en": "yes", "de": "ja"}) == {"en": "yes", "de": "ja"}
    assert holds_text(pair)
    entities = [{"label": lib.ClassLabel(names=["PER"]), "start": lib.Value("int32"), "face": lib.Image()}]
    assert made(entities, [{"label": 0, "start": 2, "face": None}]) == [{"label": "PER", "start": 2}]


def test_pictures_and_sounds_are_no_text(lib):
    for feature in (
        lib.Image(),
        lib.Audio(),
        [lib.Image()],
        {"a": lib.Image()},
        lib.Value("binary"),
        lib.Array2D((2, 2), "float32"),
    ):
        assert converter(feature) is None
        assert not holds_text(feature)
    assert described(lib.Image()) == "Image"
    assert described(lib.Value("int8")) == "int8"


def test_values_that_json_has_no_word_for():
    assert plain([float("nan"), 1.5, True, b"x", Decimal("1.5")]) == [None, 1.5, True, None, "1.5"]
    assert plain({"day": datetime.date(2024, 2, 1)}) == {"day": "2024-02-01"}
