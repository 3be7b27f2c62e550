from __future__ import annotations

import pytest

from nlpsuite.errors import UserError
from nlpsuite.tasks.examples import show_rows, with_examples

EXAMPLES = ({"text": 'A "fine" film', "label": "pos"}, {"text": "Dull", "label": "neg"})


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        (".tsv", 'rows look like `A "fine" film<TAB>pos` and `Dull<TAB>neg`'),
        ("", 'rows look like `A "fine" film<TAB>pos` and `Dull<TAB>neg`'),
        (".csv", 'rows look like `"A ""fine"" film","pos"` and `"Dull","neg"`'),
        (
            ".jsonl",
            r'rows look like `{"text": "A \"fine\" film", "label": "pos"}` and `{"text": "Dull", "label": "neg"}`',
        ),
    ],
)
def test_rows_are_shown_in_the_format_of_the_file(suffix: str, expected: str) -> None:
    assert show_rows(EXAMPLES, suffix) == expected


@pytest.mark.parametrize("fix", [None, "mend it"])
def test_an_error_gets_the_rows_after_its_advice(fix: str | None) -> None:
    def rows():
        yield 1
        raise UserError("broken", where="a.tsv", line=3, fix=fix)

    shown = with_examples(rows(), EXAMPLES, ".tsv")
    assert next(shown) == 1
    with pytest.raises(UserError, match=r"^a.tsv:3: broken; (mend it; )?rows look like") as caught:
        next(shown)
    assert (caught.value.where, caught.value.line) == ("a.tsv", 3)
