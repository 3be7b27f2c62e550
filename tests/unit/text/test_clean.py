from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.text.account import Account
from nlpsuite.text.clean import clean
from nlpsuite.text.documents import Document
from nlpsuite.text.seen import SeenKeys
from nlpsuite.text.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Source("a.txt", Path("a.txt"), "text")


def document(text: str, *, line: int = 1, piece: int = 0, decodable: bool = True) -> Document:
    return Document(text, SOURCE, line, len(text.encode()), piece, decodable)


def test_what_is_dropped_and_why() -> None:
    account = Account()
    documents = [
        document("  the first document\r\nof two lines \n"),
        document("\u3000 \t"),
        document("short"),
        document("bad \ufffd bytes here", line=7, decodable=False),
        document("the first document\nof two lines"),
        document("今天天气很好啊。"),
    ]
    kept = list(clean(documents, min_chars=8, account=account))
    assert [d.text for d in kept] == ["the first document\nof two lines", "今天天气很好啊。"]
    assert [d.n_bytes for d in kept] == [31, 24]
    assert {reason: (tally.documents, tally.bytes) for reason, tally in account.dropped.items()} == {
        "empty": (1, 5),
        "duplicate": (1, 31),
        "undecodable": (1, 18),
        "too_short": (1, 5),
        "trimmed": (0, 5),
    }
    assert account.read.documents == 6
    account.check()
    assert account.first_undecodable == "a.txt:7"
    assert any("a.txt:7" in line for line in account.remarks())


TEXTS = st.text(st.sampled_from("ab \n\r\t漢é"), max_size=6)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.booleans(), st.integers(0, 1))), st.integers(1, 4))
def test_the_account_balances_and_matches_a_set(rows: list[tuple[str, bool, int]], min_chars: int) -> None:
    account = Account()
    documents = [document(text, decodable=ok, piece=piece) for text, ok, piece in rows]
    kept = list(clean(documents, min_chars=min_chars, account=account))
    account.check()
    expected = dict.fromkeys(
        text
        for text, piece in ((d.text.strip().replace("\r\n", "\n"), d.piece) for d in documents if d.decodable)
        if text and (piece or len(text) >= min_chars)
    )
    assert [d.text for d in kept] == list(expected)
    assert account.kept.documents == len(kept)
    assert account.kept.bytes == sum(len(d.text.encode()) for d in kept)
    assert account.read.bytes == sum(d.n_bytes for d in documents)
    assert account.split == sum(piece for _, _, piece in rows)


def test_an_account_that_does_not_balance_is_caught() -> None:
    account = Account()
    account.read.add(1, 5)
    account.kept.add(1, 4)
    with pytest.raises(AssertionError):
        account.check()


def test_the_account_as_table_and_json() -> None:
    account = Account()
    list(clean([document("long enough text"), document("no")], min_chars=8, account=account))
    assert account.rows() == [("read", "2", "18"), ("dropped: too short", "1", "2"), ("kept", "1", "16")]
    plain = account.to_json()
    assert plain["read"] == {"documents": 2, "bytes": 18}
    assert plain["dropped"]["too_short"] == {"documents": 1, "bytes": 2}
    assert account.summary() == "2 documents read, dropped: 1 too short"


def test_duplicates_are_found_across_batches() -> None:
    account = Account()
    texts = [f"document number {i % 6000}" for i in range(15_000)]
    kept = list(clean(map(document, texts), min_chars=1, account=account))
    assert [d.text for d in kept] == texts[:6000]
    assert account.dropped["duplicate"].documents == 9000


def test_cleaning_streams() -> None:
    taken = 0

    def endless() -> Iterator[Document]:
        nonlocal taken
        while True:
            taken += 1
            yield document(f"{taken} " + "x" * 1_000_000)

    stream = clean(endless(), min_chars=1, account=Account())
    next(stream)
    assert taken <= 10


def test_seen_keys_equal_a_set() -> None:
    generator = np.random.default_rng(0)
    seen, expected = SeenKeys(), set[int]()
    for n in (0, 1, 3, 100, 5000, 60_000, 60_000):
        keys = generator.integers(0, 2**64, size=n, dtype=np.uint64)
        keys[: n // 3] = keys[n - n // 3 :]
        keys[n // 3 : n // 2] %= 50
        keys += keys == 0  # 0 and 1 are one key
        is_new, n_forgotten = seen.add(keys)
        for key, new in zip(keys.tolist(), is_new.tolist(), strict=True):
            assert new == (key not in expected)
            expected.add(key)
        assert n_forgotten == 0
    assert len(seen) == len(expected)
    assert seen.n_bytes <= 8 * len(expected) / 0.75 * 2
    again, _ = seen.add(np.array(sorted(expected), dtype=np.uint64))
    assert not again.any()


def test_keys_that_share_their_first_slot_are_told_apart() -> None:
    keys = (np.arange(1, 600, dtype=np.uint64) << np.uint64(32)) + np.uint64(5)
    seen = SeenKeys()
    assert seen.add(keys)[0].all()
    assert not seen.add(keys)[0].any()


def test_a_full_set_keeps_what_it_has_and_says_what_it_could_not() -> None:
    generator = np.random.default_rng(1)
    keys = np.unique(generator.integers(0, 2**64, size=40_000, dtype=np.uint64))
    generator.shuffle(keys)
    seen = SeenKeys(max_slots=1 << 15)
    forgotten = 0
    for part in np.array_split(keys, 10):
        is_new, n_forgotten = seen.add(part)
        assert is_new.all()
        forgotten += n_forgotten
    assert seen.n_bytes == 8 << 15
    assert len(seen) == (1 << 15) * 3 // 4
    assert forgotten == len(keys) - len(seen)
    assert not seen.add(keys[:4000])[0].any()
