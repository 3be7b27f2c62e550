from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.errors import UserError
from nlpsuite.tasks.delimited import guess_delimiter, read_delimited

FIELDS = st.text(st.sampled_from('ab ,;\t"\n\r|é世'), max_size=6)


def lines_of(text: str) -> list[str]:
    return list(io.StringIO(text, newline="\n"))


def fields(text: str, delimiter: str = ",") -> list[list[str]]:
    return [row.fields for row in read_delimited(lines_of(text), delimiter, "rows")]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(FIELDS, min_size=2, max_size=4), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_csv_is_read_as_the_csv_module_writes_it(rows: list[list[str]], end: str) -> None:
    if end == "\n":  # then the csv module leaves a field that ends in a lone return unquoted
        rows = [[field.replace("\r", "") for field in row] for row in rows]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=end).writerows(rows)
    assert fields(buffer.getvalue()) == rows


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(FIELDS, st.sampled_from(["pos", "neg"])), min_size=1, max_size=6), st.booleans())
def test_tsv_that_a_spreadsheet_quoted_is_read_back(rows: list[tuple[str, str]], label_first: bool) -> None:
    rows = [("text", "label"), *((text.replace("\r", ""), label) for text, label in rows)]
    ordered = [row[::-1] if label_first else row for row in rows]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC).writerows(ordered)
    # A continuation that looks like a row of its own cannot be told from one.
    if all(text.count("\t") == 0 or "\n" not in text for text, _ in rows):
        assert fields(buffer.getvalue(), "\t") == [list(row) for row in ordered]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.sampled_from('ab "'), max_size=8), min_size=2, max_size=8))
def test_stray_quotes_in_tsv_never_join_rows(texts: list[str]) -> None:
    text = "label\ttext\n" + "".join(f"{place}\t{each}\n" for place, each in enumerate(texts))
    rows = list(read_delimited(lines_of(text), "\t", "rows"))
    assert [row.line for row in rows] == list(range(1, len(texts) + 2))
    assert [row.fields[0] for row in rows[1:]] == [str(place) for place in range(len(texts))]


def test_a_row_has_the_line_where_it_starts() -> None:
    text = 'text,label\n"one\ntwo ""quoted"", three\n",pos\n\nshort,neg\r\n'
    rows = list(read_delimited(lines_of(text), ",", "rows"))
    assert [(row.line, row.fields) for row in rows] == [
        (1, ["text", "label"]),
        (2, ['one\ntwo "quoted", three\n', "pos"]),
        (6, ["short", "neg"]),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('1\t"quoted as a whole"', ["1", "quoted as a whole"]),
        ('1\t"said ""yes"" twice"', ["1", 'said "yes" twice']),
        ('1\t"here" and "there"', ["1", '"here" and "there"']),
        ('1\t"only at the start', ["1", '"only at the start']),
        ('1\tonly at the end"', ["1", 'only at the end"']),
        ('1\t"a tab\tinside"', ["1", "a tab\tinside"]),
        ('1\t"', ["1", '"']),
        ('1\t""', ["1", ""]),
        ('1\t5" disk\rwith a lone return', ["1", '5" disk\rwith a lone return']),
    ],
)
def test_a_quote_in_tsv_quotes_whole_fields_only(line: str, expected: list[str]) -> None:
    assert fields(f"label\ttext\n{line}\n0\tplain\n", "\t") == [["label", "text"], expected, ["0", "plain"]]


def test_two_stray_quotes_in_tsv_do_not_swallow_the_rows_between() -> None:
    text = 'label\ttext\n1\t"opens here\n0\tbetween\n0\tends here"\n'
    assert fields(text, "\t") == [["label", "text"], ["1", '"opens here'], ["0", "between"], ["0", 'ends here"']]


def test_a_field_of_a_million_characters_is_read() -> None:
    long = "x" * 1_000_000
    assert fields(f'a,b\n"{long}",1\n') == [["a", "b"], [long, "1"]]


@pytest.mark.parametrize(("delimiter", "text"), [(",", 'a,b\nc,d\n"open,e\nf,g\n'), ("\t", 'a\tb\nc\td\n"open\nf\n')])
def test_a_quote_never_closed_is_refused_where_it_opens(delimiter: str, text: str) -> None:
    with pytest.raises(UserError, match="never closed") as caught:
        fields(text, delimiter)
    assert (caught.value.where, caught.value.line) == ("rows", 3)


def test_a_quote_that_closes_inside_a_field_is_refused() -> None:
    with pytest.raises(UserError, match="closes in the middle") as caught:
        fields('a,b\n"so "called" words",1\n')
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good, but slow;1\nfine;0\nwell, well, well;1\n", ";"),
        ("text,label\na; b,1\nc,0\n", ","),
        ("a b c\nd e f\n", None),
        ("1\tone, two\n0\tthree, four\n", ","),
        ('"a, b",1\n"c\nd",0\n"e, f, g",1\n', ","),
    ],
)
def test_the_delimiter_is_found_by_looking(text: str, expected: str | None) -> None:
    assert guess_delimiter(lines_of(text), ",;\t|") == expected


def test_a_sample_may_end_inside_a_quoted_field() -> None:
    assert guess_delimiter(['"a, b",1\n', '"c",0\n', '"open\n'], ",;", whole=False) == ","
