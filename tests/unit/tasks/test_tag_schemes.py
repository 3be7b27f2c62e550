from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite.tasks.tag_schemes import SCHEME_NAMES, Scheme, SchemeFinder, Span

# New York City, Rome | Rome: three words, one word, and one that touches it.
SPANS = [Span(1, 4, "LOC"), Span(4, 5, "LOC"), Span(6, 8, "PER")]
WRITTEN = {
    "IOB1": "O I-LOC I-LOC I-LOC B-LOC O I-PER I-PER",
    "IOB2": "O B-LOC I-LOC I-LOC B-LOC O B-PER I-PER",
    "BIOES": "O B-LOC I-LOC E-LOC S-LOC O B-PER E-PER",
    "BMES": "O B-LOC M-LOC E-LOC S-LOC O B-PER E-PER",
    "BILOU": "O B-LOC I-LOC L-LOC U-LOC O B-PER L-PER",
}


def find(*sentences: str) -> Scheme:
    finder = SchemeFinder()
    for each in sentences:
        finder.add(each.split())
    return finder.find()


@st.composite
def spans(draw: st.DrawFn) -> tuple[list[Span], int]:
    found, place = [], 0
    for gap, length, label in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from(["PER", "LOC", "a-b"])), max_size=6)
    ):
        found.append(Span(place + gap, place + gap + length, label))
        place += gap + length
    return found, place + draw(st.integers(0, 2))


@pytest.mark.parametrize("name", WRITTEN)
def test_each_scheme_writes_and_reads_the_same_spans(name):
    assert Scheme(name).tags(SPANS, 8) == WRITTEN[name].split()
    assert Scheme(name).spans(WRITTEN[name].split()) == SPANS
    assert find(WRITTEN[name]).name == name
    assert Scheme(name).invalid(WRITTEN[name].split()) == []


@given(spans(), st.sampled_from([name for name in SCHEME_NAMES if name != "IO"]), st.sampled_from("-_"))
def test_spans_come_back(case, name, separator):
    found, length = case
    scheme = Scheme(name, separator)
    tags = scheme.tags(found, length)
    assert len(tags) == length
    assert scheme.spans(tags) == found
    assert scheme.invalid(tags) == []


@given(spans(), st.sampled_from(["-", "_", ""]))
def test_in_io_spans_that_touch_run_together_and_nothing_else_changes(case, separator):
    found, length = case
    scheme = Scheme("IO", separator)
    tags = scheme.tags(found, length)
    again = scheme.spans(tags)
    assert scheme.tags(again, length) == tags
    touching = any(a.end == b.start and a.label == b.label for a, b in itertools.pairwise(found))
    assert touching or again == found


def test_io_bare_labels_and_mostly_stray_files_are_told_apart():
    assert find("O I-PER I-PER O I-LOC").name == "IO"
    assert find("O PER PER O LOC") == Scheme("IO", "")
    assert find("O B_PER I_PER O") == Scheme("IOB2", "_")
    assert find("B-PER O", "B-LOC I-LOC O", "I-LOC O").name == "IOB2", "one stray tag makes no IOB1"
    assert find("I-PER O I-LOC I-LOC B-LOC O I-PER").name == "IOB1"
    assert find("S-PER O").name == "BIOES"
    assert find("O O").name == "IOB2"


@pytest.mark.parametrize("name", WRITTEN)
def test_letters_alone_are_entities_of_one_kind(name):
    tags = [tag[0] for tag in WRITTEN[name].split()]
    found = find(" ".join(tags))
    assert found == Scheme(name, "")
    expected = [Span(start, end, "ENTITY") for start, end, _ in SPANS]
    assert found.spans(tags) == expected
    assert found.tags(expected, 8) == tags
    assert found.invalid(tags) == []
    assert str(found) == f"{name} without labels, called ENTITY"


def test_letters_alone_are_labels_where_others_are_labels_too():
    assert find("O B I O", "PER O") == Scheme("IO", "")
    assert find("O I I O") == Scheme("IO", ""), "no letter begins a span"
    assert find("o b i o") == Scheme("IOB2", "")
    with pytest.raises(ValueError, match="PER"):
        Scheme("IOB2", "").spans(["B", "PER"])


@pytest.mark.parametrize(
    ("name", "tags", "wrong", "expected"),
    [
        ("IOB2", "O I-PER I-PER O", [1], [(1, 3, "PER")]),
        ("IOB2", "B-PER I-LOC", [1], [(0, 1, "PER"), (1, 2, "LOC")]),
        ("BIOES", "I-PER E-PER O", [0], [(0, 2, "PER")]),
        ("BIOES", "B-PER O S-LOC", [1], [(0, 1, "PER"), (2, 3, "LOC")]),
        ("BIOES", "O B-PER", [1], [(1, 2, "PER")]),
        ("BIOES", "S-PER E-PER", [1], [(0, 1, "PER"), (1, 2, "PER")]),
        ("IOB1", "O B-PER I-PER", [1], [(1, 3, "PER")]),
    ],
)
def test_tags_that_may_not_stand_there_are_counted_and_read_as_conlleval_does(name, tags, wrong, expected):
    scheme = Scheme(name)
    assert scheme.invalid(tags.split()) == wrong
    assert scheme.spans(tags.split()) == expected


def test_what_is_no_tag_is_refused():
    with pytest.raises(ValueError, match="MISC"):
        Scheme("IOB2").spans(["O", "MISC"])
    assert SchemeFinder.is_bare("MISC")
    assert not SchemeFinder.is_bare("B-x")
    assert not SchemeFinder.is_bare("O")


def test_small_letters_of_tags_are_read_where_all_tags_can_be():
    finder = SchemeFinder()
    finder.add(["o", "b-per", "i-per", "o", "b-loc"])
    assert finder.find() == Scheme("IOB2")
    assert finder.find().spans(["o", "b-per", "i-per"]) == [Span(1, 3, "per")]
    assert dict(finder.small()) == {"o": 2, "b-per": 1, "i-per": 1, "b-loc": 1}
    finder.add(["B-PER", "O"])
    assert finder.find() == Scheme("IOB2")
    assert find("O b-per e-per").name == "BIOES"


def test_labels_that_begin_like_small_letters_of_tags_are_labels_beside_others():
    finder = SchemeFinder()
    finder.add(["o", "e-mail", "person", "O"])
    scheme = finder.find()
    assert scheme == Scheme("IO", "")
    assert scheme.spans(["o", "e-mail", "person", "O"]) == [Span(1, 2, "e-mail"), Span(2, 3, "person")]
    assert dict(finder.small()) == {"o": 1}
    assert not SchemeFinder.is_bare("b-x")
    assert not SchemeFinder.is_bare("o")
