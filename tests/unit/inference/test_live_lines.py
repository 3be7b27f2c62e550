from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.errors import UserError
from nlpsuite.inference.live_lines import LiveLines


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    ends = {"r": reading, "w": writing}
    yield ends
    for end in ends.values():
        if end is not None:
            os.close(end)


def close_writing(pipe) -> None:
    os.close(pipe["w"])
    pipe["w"] = None


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=60))
def test_lines_joined_are_the_input(text):
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    lines = list(LiveLines(reading, "<stdin>"))
    os.close(reading)
    assert "".join(lines) == text
    assert lines == [part + "\n" for part in text.split("\n")[:-1]] + (
        [text.split("\n")[-1]] if text.split("\n")[-1] else []
    )


def test_a_line_comes_before_the_next_is_written(pipe):
    lines = LiveLines(pipe["r"], "<stdin>")
    stream = iter(lines)
    assert not lines.ready()
    os.write(pipe["w"], b"one\ntwo\nthr")
    assert lines.ready()
    assert next(stream) == "one\n"
    assert lines.ready()
    assert next(stream) == "two\n"
    assert not lines.ready(), "half a line is none"
    os.write(pipe["w"], b"ee\n")
    assert lines.ready()
    assert next(stream) == "three\n"
    assert not lines.ready()
    close_writing(pipe)
    assert lines.ready(), "the end comes without waiting too"
    assert list(stream) == []


def test_characters_cut_between_blocks(pipe):
    stream = iter(LiveLines(pipe["r"], "<stdin>"))
    data = "今天🦉\n".encode()
    for byte in data[:-1]:
        os.write(pipe["w"], bytes([byte]))
    os.write(pipe["w"], data[-1:])
    assert next(stream) == "今天🦉\n"


def test_a_very_long_line(tmp_path):
    path = tmp_path / "long.txt"
    path.write_bytes(b"x" * 3_000_000 + b"\ny")
    with path.open("rb") as file:
        assert [len(line) for line in LiveLines(file.fileno(), "long.txt")] == [3_000_001, 1]


def test_only_the_first_byte_order_mark_goes(pipe):
    os.write(pipe["w"], "\ufeffa\n\ufeffb\n".encode())
    close_writing(pipe)
    assert list(LiveLines(pipe["r"], "<stdin>")) == ["a\n", "\ufeffb\n"]


def test_carriage_returns_stay(pipe):
    os.write(pipe["w"], b"a\r\nb\rc\n")
    close_writing(pipe)
    assert list(LiveLines(pipe["r"], "<stdin>")) == ["a\r\n", "b\rc\n"]


@pytest.mark.parametrize(("data", "word"), [(b"ok\ncaf\xe9\n", "0xe9"), (b"ok\n\x00\x01\n", "NUL")])
def test_what_is_no_text_is_refused_with_its_line(pipe, data, word):
    os.write(pipe["w"], data)
    close_writing(pipe)
    stream = iter(LiveLines(pipe["r"], "<stdin>"))
    assert next(stream) == "ok\n"
    with pytest.raises(UserError, match=f"<stdin>:2: .*{word}"):
        next(stream)
