from __future__ import annotations

import random

import pytest

from nlpsuite.api import TextRow, UserError, piece_rows
from nlpsuite_generation.holdout import hold_out_text


def joined(rows):
    return "".join(row.inputs["text"] for row in rows)


def book(number, paragraphs, longest=400):
    draw = random.Random(number)
    text = "".join(f"Paragraph {at} of book {number} {'says so ' * draw.randint(1, 8)}.\n" for at in range(paragraphs))
    return list(piece_rows(text, number, longest, f"book.txt:{1000 * number + 1}"))


def test_the_end_of_a_single_book_is_held_out_in_one_block(spy):
    rows = book(0, 100)
    kept, held = hold_out_text(rows, 0.1, 1, spy)
    assert joined(kept) + joined(held) == joined(rows)
    assert len(joined(held)) / len(joined(rows)) == pytest.approx(0.1, abs=0.03)
    assert [row.last for row in held] == [False] * (len(held) - 1) + [True]
    assert joined(kept).endswith("\n")
    line = int(held[0].where.rpartition(":")[2])
    assert joined(rows).split("\n")[line - 1] == held[0].inputs["text"].split("\n")[0]
    again, valid = hold_out_text(kept, 0.1, 1, spy)
    assert joined(again) + joined(valid) == joined(kept)
    assert "the end of each long document" in spy.said[0]


def test_a_short_text_is_cut_inside_its_only_row(spy):
    rows = book(0, 12, longest=10_000)
    assert len(rows) == 1
    kept, held = hold_out_text(rows, 0.2, 1, spy)
    assert joined(kept) + joined(held) == joined(rows)
    assert kept[0].inputs["text"].endswith("\n")
    assert (kept[0].last, held[0].last) == (False, True)


def test_both_parts_of_a_cut_row_keep_its_id(spy):
    text = "".join(f"Line {at}.\n" for at in range(50))
    kept, held = hold_out_text([TextRow({"id": 7, "text": text}, None, "f:1", 0)], 0.2, 1, spy)
    assert [row.inputs["id"] for row in (*kept, *held)] == [7, 7]
    assert joined(kept) + joined(held) == text


def test_of_a_few_books_the_end_of_each(spy):
    rows = [row for number in range(3) for row in book(number, 60)]
    kept, held = hold_out_text(rows, 0.1, 1, spy)
    assert {row.document for row in held} == {row.document for row in kept} == {0, 1, 2}
    for number in range(3):
        own = [[row for row in part if row.document == number] for part in (kept, held, rows)]
        assert joined(own[0]) + joined(own[1]) == joined(own[2])


def test_of_many_documents_runs_of_neighbours_and_none_is_cut(spy):
    rows = [TextRow({"text": f"Speech number {at}.\n" * (1 + at % 5)}, None, f"f:{at}", at) for at in range(2000)]
    kept, held = hold_out_text(rows, 0.1, 1, spy)
    assert sorted([*kept, *held], key=lambda row: row.document) == rows
    assert len(joined(held)) / len(joined(rows)) == pytest.approx(0.1, abs=0.03)
    numbers = [row.document for row in held]
    starts = sum(number - 1 not in numbers for number in numbers)
    assert 2 <= starts <= 12
    assert hold_out_text(rows, 0.1, 1, spy)[1] == held
    assert hold_out_text(rows, 0.1, 2, spy)[1] != held


def test_what_is_held_out_has_no_copy_in_training(spy):
    rows = [TextRow({"text": "Yes." if at % 3 else f"Speech {at}."}, None, f"f:{at}", at) for at in range(900)]
    kept, held = hold_out_text(rows, 0.1, 1, spy)
    assert held
    assert not {row.inputs["text"] for row in held} & {row.inputs["text"] for row in kept}
    assert len(kept) + len(held) == 900


def test_too_little_text_is_an_error(spy):
    with pytest.raises(UserError, match="too little text"):
        hold_out_text([TextRow({"text": "x"}, None, "f:1", 0)], 0.1, 1, spy)
