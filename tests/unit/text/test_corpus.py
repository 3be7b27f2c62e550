from __future__ import annotations

import io
import json
import os
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.text.corpus import Corpus, TextSettings, read_corpus
from nlpsuite.text.documents import Document
from nlpsuite.text.holdout import HoldoutPlan
from nlpsuite.text.lowest import Lowest
from nlpsuite.text.sample import sample_text
from nlpsuite.text.sources import find_sources

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Spy

WORDS = ["cat", "sat", "on", "a", "mat", "and", "saw", "long", "rivers", "run", "by", "old", "walls", "in", "rain"]


def sentence(i: int) -> str:
    return " ".join(WORDS[(i * 7 + k * (i % 5 + 1)) % len(WORDS)] for k in range(6 + i % 9)) + f" {i}."


def open_corpus(path: Path, seed: int = 0, report: Any = None, **values: Any) -> Corpus:
    return read_corpus(find_sources([str(path)]), TextSettings(**values), seed=seed, report=report or Silent())


def parts(corpus: Corpus) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {"train": [], "valid": []}
    for part, document in corpus.documents():
        result[part].append(document.text)
    return result


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "text" / "lines.txt"
    path.parent.mkdir()
    path.write_text("\n".join(sentence(i) for i in range(3000)) + "\n")
    return path


def test_whole_documents_are_held_out_whatever_their_order(lines: Path) -> None:
    first = parts(open_corpus(lines))
    assert 15 <= len(first["valid"]) <= 50
    assert sorted(first["train"] + first["valid"]) == sorted(sentence(i) for i in range(3000))
    assert parts(open_corpus(lines)) == first
    lines.write_text("\n".join(sentence(i) for i in reversed(range(3000))))
    assert parts(open_corpus(lines)) == {part: texts[::-1] for part, texts in first.items()}
    assert set(parts(open_corpus(lines, seed=1))["valid"]) != set(first["valid"])


def test_the_account_and_the_parts_are_told_once(lines: Path, spy: Spy) -> None:
    with lines.open("a") as file:
        file.write("short\n" + sentence(5) + "\n")
    corpus = open_corpus(lines, report=spy)
    split = parts(corpus)
    parts(corpus)
    assert corpus.account.dropped["too_short"].documents == 1
    assert corpus.account.dropped["duplicate"].documents == 1
    assert corpus.holdout.train.documents == len(split["train"])
    assert corpus.holdout.valid.documents == len(split["valid"])
    assert corpus.holdout.valid.bytes == sum(len(text.encode()) for text in split["valid"])
    assert len(spy.tables) == 1
    assert spy.tables[0][1][0] == ["read", "3,002", f"{corpus.account.read.bytes:,}"]
    assert [line for line in spy.said if line.startswith("documents: one a line")]
    assert [line for line in spy.said if line.startswith("validation part: ")]
    assert spy.updates[-1] == lines.stat().st_size


def test_the_held_out_part_is_capped(lines: Path) -> None:
    corpus = open_corpus(lines, valid_fraction=0.5, valid_bytes=2000)
    valid = parts(corpus)["valid"]
    assert 1800 <= sum(map(len, valid)) <= 2000


@pytest.mark.parametrize("fraction", [0.001, 0.5])
@pytest.mark.parametrize("n", [2, 3, 10])
def test_few_documents_give_one_or_more_but_not_all(tmp_path: Path, n: int, fraction: float) -> None:
    (tmp_path / "few.txt").write_text("\n\n".join(sentence(i) + "\n" + sentence(i + 50) for i in range(n)))
    for seed in range(20):
        split = parts(open_corpus(tmp_path / "few.txt", seed, valid_fraction=fraction))
        assert split["valid"]
        assert split["train"]


def test_a_big_document_beside_a_small_one_is_trained_on(tmp_path: Path) -> None:
    big = " ".join(sentence(i) for i in range(300))
    (tmp_path / "two.txt").write_text(big + "\n\n" + sentence(1))
    for seed in range(300):
        assert parts(open_corpus(tmp_path / "two.txt", seed)) == {"train": [big], "valid": [sentence(1)]}


def test_the_tail_of_a_single_document_is_held_out_and_said(tmp_path: Path, spy: Spy) -> None:
    rows = [sentence(i) for i in range(2000)]
    (tmp_path / "one.txt").write_text("\n".join(rows))
    corpus = open_corpus(tmp_path / "one.txt", report=spy, documents="file")
    split = parts(corpus)
    assert len(split["train"]) == len(split["valid"]) == 1
    assert split["train"][0].split("\n") + split["valid"][0].split("\n") == rows
    assert 5_000 < len(split["valid"][0]) < 20_000
    assert any("the last" in line for line in spy.said)
    (document,) = [document for part, document in corpus.documents() if part == "valid"]
    assert rows[document.line - 1] == document.text.split("\n")[0]


def test_a_document_too_short_to_be_cut_is_all_training(tmp_path: Path, spy: Spy) -> None:
    (tmp_path / "one.txt").write_text("tiny text")
    assert parts(open_corpus(tmp_path / "one.txt", report=spy)) == {"train": ["tiny text"], "valid": []}
    assert any("no validation part" in line for line in spy.warned)


def test_validation_files_are_the_validation_part(lines: Path) -> None:
    held_out = [sentence(i) for i in (7, 8, 9000)]
    (lines.parent / "valid.txt").write_text("\n".join(held_out))
    (lines.parent / "test.txt").write_text("never read\n")
    split = parts(open_corpus(lines.parent, documents="line"))
    assert split["valid"] == held_out
    assert set(split["train"]) == {sentence(i) for i in range(3000)} - set(held_out)


def test_nothing_left_is_an_error_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("a\nb\n")
    with pytest.raises(UserError, match=r"short\.txt.*2 too short.*min_chars"):
        parts(open_corpus(tmp_path / "short.txt", documents="line"))


def test_the_fingerprint_changes_with_files_settings_and_seed(lines: Path) -> None:
    key = open_corpus(lines).fingerprint()
    assert open_corpus(lines.parent).fingerprint() == key
    others = [
        open_corpus(lines, seed=1).fingerprint(),
        open_corpus(lines, min_chars=9).fingerprint(),
        open_corpus(lines, documents="file").fingerprint(),
    ]
    os.utime(lines, ns=(1, 1))
    others.append(open_corpus(lines).fingerprint())
    lines.write_text(lines.read_text() + "one more\n")
    os.utime(lines, ns=(1, 1))
    others.append(open_corpus(lines).fingerprint())
    assert len({key, *others}) == 6


def test_standard_input_is_known_by_content_and_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = []
    for text in ("one document\nand another\n", "one document\nand another\n", "something else\nand another\n"):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
        with read_corpus(find_sources(["-"]), TextSettings(), seed=0, report=Silent()) as corpus:
            keys.append(corpus.fingerprint())
            assert parts(corpus) == parts(corpus)
            path = corpus.sources.train[0].path
        assert not path.exists()
    assert keys[0] == keys[1] != keys[2]


def test_a_sample_is_uniform_seeded_training_text(lines: Path) -> None:
    corpus = open_corpus(lines)
    sample, report = sample_text(corpus, max_bytes=20_000, seed=3)
    split = parts(corpus)
    assert set(sample) <= set(split["train"])
    assert len(set(sample)) == len(sample) == report.lines == report.documents_sampled
    assert 18_000 < sum(map(len, sample)) == report.bytes_sampled <= 20_000
    assert report.documents_seen == len(split["train"])
    assert report.bytes_seen == sum(map(len, split["train"]))
    # Every third of the text has about a third of the sample.
    thirds = Counter(int(line.rsplit(" ", 1)[1][:-1]) // 1000 for line in sample)
    assert all(count > len(sample) / 5 for count in thirds.values())
    assert len(thirds) == 3
    assert sample_text(open_corpus(lines), max_bytes=20_000, seed=3)[0] == sample
    assert sample_text(open_corpus(lines), max_bytes=20_000, seed=4)[0] != sample


def test_a_sample_of_everything_is_all_training_text(lines: Path) -> None:
    corpus = open_corpus(lines)
    sample, report = sample_text(corpus, max_bytes=10**9, seed=0)
    assert sample == parts(corpus)["train"]
    assert report.bytes_sampled == report.bytes_seen


def test_long_documents_are_sampled_in_runs_and_long_lines_split(tmp_path: Path) -> None:
    text = "\n\n".join(json.dumps({"text": " ".join(sentence(i * 1000 + k) for k in range(4000))}) for i in range(3))
    (tmp_path / "long.jsonl").write_text(text)
    corpus = open_corpus(tmp_path / "long.jsonl")
    sample, report = sample_text(corpus, max_bytes=150_000, seed=0, max_line_chars=500)
    assert 80_000 < report.bytes_sampled <= 150_000
    assert report.lines_split >= 2
    assert all(0 < len(line) <= 500 for line in sample)
    assert sum(map(len, sample)) == report.bytes_sampled
    train = "".join(parts(corpus)["train"])
    assert all(line in train for line in sample)


def test_a_sample_leaves_the_held_out_tail(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("\n".join(sentence(i) for i in range(6000)))
    corpus = open_corpus(tmp_path / "one.txt", documents="file")
    sample, _ = sample_text(corpus, max_bytes=10**9, seed=0)
    split = parts(corpus)
    assert sample
    assert set(sample) <= set(split["train"][0].split("\n"))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(0, 99), st.integers(1, 30)), st.integers(1, 99), st.randoms())
def test_the_lowest_do_not_depend_on_order(sizes: dict[int, int], cap: int, random: Any) -> None:
    items = list(sizes.items())
    expected: set[int] = set()
    size = 0
    for key, n_bytes in sorted(items):
        size += n_bytes
        if size > cap:
            break
        expected.add(key)
    random.shuffle(items)
    lowest: Lowest[int] = Lowest(cap)
    for key, n_bytes in items:
        lowest.push(key, n_bytes, key)
    assert set(lowest.items()) == expected
    assert lowest.n_bytes == sum(n_bytes for key, n_bytes in items if key in expected)


@pytest.mark.parametrize("valid_bytes", [10_000, 1])
def test_no_piece_of_a_long_document_is_held_out_alone(tmp_path: Path, valid_bytes: int) -> None:
    (tmp_path / "a.txt").write_text("a text\n")
    (source,) = find_sources([str(tmp_path)]).read
    mix = np.random.default_rng(0)
    # Every third document is whole, the others are of four pieces.
    kinds = [piece for number in range(100) for piece in ([0] if number % 3 == 0 else [0, 1, 2, 3])]
    documents = [
        Document("x" * 200, source, 1, 200, piece, True, int(key))
        for piece, key in zip(kinds, mix.integers(0, 2**63, len(kinds)), strict=True)
    ]
    plan = HoldoutPlan(0.5, valid_bytes, seed=1)
    for document in documents:
        plan.add(document)
    holdout = plan.finish()
    held = [place for place, document in enumerate(documents) if holdout.part_of(document, 0) == "valid"]
    assert held
    assert all(kinds[place] == 0 and kinds[place + 1 : place + 2] != [1] for place in held)
    assert (holdout.valid.documents, holdout.valid.bytes) == (len(held), 200 * len(held))
    assert holdout.train.documents == len(documents) - len(held)


def test_of_very_long_documents_alone_the_end_is_held_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a text\n")
    (source,) = find_sources([str(tmp_path)]).read
    plan = HoldoutPlan(0.01, 4_000, seed=1)
    for number in range(10):
        for piece in range(6):
            plan.add(Document("x" * 2000, source, 1, 2000, piece, True, number * 10 + piece))
    holdout = plan.finish()
    assert holdout.kind == "tail"
    assert holdout.valid.bytes == 4_000
    assert "one document, or a few very long ones" in holdout.sentence()
