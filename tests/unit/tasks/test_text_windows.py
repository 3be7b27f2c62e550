from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.report import Silent
from nlpsuite.tasks.text_windows import row_windows
from nlpsuite.text.train_tokenizer import train_tokenizer

TOKENIZER = train_tokenizer([f"the film of day {n} was good" for n in range(40)], vocab_size=300, report=Silent())
CONTEXT = 16


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60), st.text(max_size=60))
def test_every_token_of_both_parts_is_in_a_window(first: str, second: str) -> None:
    windows = row_windows({"text": first, "text_pair": second}, TOKENIZER, CONTEXT, 0.25, 1)
    seen: tuple[set[int], set[int]] = (set(), set())
    for window in windows:
        ids = list(window.ids)
        assert len(ids) <= CONTEXT
        assert (ids[0], ids[-1]) == (TOKENIZER.bos_id, TOKENIZER.eos_id)
        middle = ids.index(TOKENIZER.sep_id)
        seen[0].update(ids[1:middle])
        seen[1].update(ids[middle + 1 : -1])
    assert seen[0] == set(TOKENIZER.encode(first))
    assert seen[1] == set(TOKENIZER.encode(second))
    assert sum(window.weight for window in windows) == pytest.approx(1)
    assert {window.target for window in windows} == {1}


def test_a_short_pair_is_one_window() -> None:
    (window,) = row_windows({"text": "the", "text_pair": "film"}, TOKENIZER, CONTEXT, 0.25, None)
    assert list(window.ids) == [
        TOKENIZER.bos_id,
        *TOKENIZER.encode("the"),
        TOKENIZER.sep_id,
        *TOKENIZER.encode("film"),
        TOKENIZER.eos_id,
    ]
