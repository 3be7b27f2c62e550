from __future__ import annotations

import pytest

from nlpsuite.errors import UserError
from nlpsuite.tasks.entity_records import EntityRecord, read_record

TEXT = "Ana lives in Rome."
SPANS = [(0, 3, "PER"), (13, 17, "LOC")]


@pytest.mark.parametrize(
    "row",
    [
        {"entities": [{"start": 0, "end": 3, "label": "PER"}, {"start": 13, "end": 17, "label": "LOC", "text": "Rome"}]},
        {"entities": [[13, 17, "LOC"], [0, 3, "PER"]]},
        {"spans": [{"start": 0, "end": 3, "label": "PER", "token_start": 0}, {"start": 13, "end": 17, "label": "LOC"}],
         "tokens": [{"text": "Ana", "start": 0, "end": 3, "id": 0}]},
        {"label": [[0, 3, "PER"], [13, 17, "LOC"]]},
        {"entities": [{"id": 1, "start_offset": 0, "end_offset": 3, "label": "PER"},
                      {"start_offset": 13, "end_offset": 17, "label": "LOC"}],
         "relations": []},
    ],
)  # fmt: skip
def test_spans_of_characters_in_every_dress(row):
    assert read_record({"text": TEXT, **row}, "f", 1).spans == SPANS


def test_words_with_tags():
    expected = EntityRecord(words=["Ana", "met"], tags=["B-PER", "O"])
    for words, tags in (("tokens", "tags"), ("tokens", "ner_tags"), ("words", "labels")):
        assert read_record({words: ["Ana", "met"], tags: ["B-PER", "O"]}, "f", 1) == expected
    assert read_record({"tokens": ["Ana"]}, "f", 1) == EntityRecord(words=["Ana"])
    assert read_record({"text": ""}, "f", 1) == EntityRecord(text="")
    assert read_record({"tokens": [], "tags": []}, "f", 1) == EntityRecord(words=[], tags=[])


def test_white_space_at_the_ends_is_taken_away_and_counted():
    found = read_record({"text": TEXT, "entities": [[12, 17, "LOC"], [0, 4, "PER"]]}, "f", 1)
    assert (found.spans, found.trimmed) == (SPANS, 2)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"text": TEXT, "entities": [[0, 19, "PER"]]}, "from 0 to 19 in a text of 18"),
        ({"text": TEXT, "entities": [[3, 3, "PER"]]}, "from 3 to 3"),
        ({"text": TEXT, "entities": [[-1, 3, "PER"]]}, "from -1"),
        ({"text": TEXT, "entities": [[3, 4, "PER"]]}, "white space"),
        ({"text": TEXT, "entities": [[0, 3, "PER"], [2, 5, "LOC"]]}, "overlap: 'Ana' .PER. and 'a l' .LOC."),
        ({"text": TEXT, "entities": [{"start": 0, "end": 3}]}, "without start, end and label"),
        ({"text": TEXT, "entities": [[True, 3, "PER"]]}, "without start"),
        ({"text": TEXT, "entities": "x"}, "not a list"),
        ({"text": "🙂 Ana", "entities": [{"start": 3, "end": 6, "text": "Ana", "label": "PER"}]}, "in a text of 5"),
        ({"text": "🙂 Anab", "entities": [{"start": 3, "end": 6, "text": "Ana", "label": "PER"}]}, "'nab' in the text, not"),
        ({"tokens": ["a", ""]}, "not a list of words"),
        ({"tokens": ["a"], "tags": ["O", "O"]}, "2 tags for 1 word;"),
        ({"tokens": [], "tags": ["O"]}, "1 tag for 0 words;"),
        ({"tokens": ["a"], "tags": [0]}, "not a list of tag names"),
        ({"title": "a"}, "neither a text"),
        ({"text": "a\ud800"}, "surrogate"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_line(row, what):
    with pytest.raises(UserError, match=what) as error:
        read_record(row, "f", 7)
    assert error.value.line == 7
