from __future__ import annotations

import io
import json
import os
import pty
import time
from typing import TYPE_CHECKING

import pytest

from nlpsuite.cli import console as module
from nlpsuite.cli.console import Console
from nlpsuite.cli.plain import align
from nlpsuite.cli.progress import Track, format_seconds
from nlpsuite.visible import json_visible, visible

if TYPE_CHECKING:
    from nlpsuite.report import Reporter

NASTY = "[red]x[/red] \x1b[31m \x00 a\nb \r \u202e \u2028 \x9b \ud800"
SHOWN = r"[red]x[/red] \x1b[31m \x00 a\nb \r \u202e \u2028 \x9b \ud800"


@pytest.fixture
def piped():
    out, err = io.StringIO(), io.StringIO()
    return lambda **flags: (Console(out=out, err=err, **flags), out, err)


@pytest.fixture
def terminal(monkeypatch):
    """Run `work` with a console on a pseudo-terminal; give back everything that was written to it."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")

    def run(work, **flags) -> str:
        ours, theirs = pty.openpty()
        with os.fdopen(theirs, "w", encoding="utf-8") as stream:
            work(Console(out=stream, err=stream, **flags))
            stream.flush()
            os.set_blocking(ours, False)
            seen = b""
            while True:
                try:
                    seen += os.read(ours, 65536)
                except BlockingIOError:
                    break
        os.close(ours)
        return seen.decode("utf-8")

    return run


def test_a_console_is_a_reporter(piped):
    reporter: Reporter = piped()[0]
    assert reporter is not None


def test_results_go_to_stdout_and_all_else_to_stderr(piped):
    console, out, err = piped(verbose=True)
    console.say("working")
    console.detail("more")
    console.warn("careful")
    console.error("failed")
    console.table("Scores", ["metric", "value"], [["accuracy", "0.8"]])
    assert out.getvalue() == ""
    console.result("done")
    console.json({"a": 1})
    assert out.getvalue() == 'done\n{"a": 1}\n'
    table = "Scores\n  metric    value\n  accuracy    0.8\n"
    assert err.getvalue() == "working\nmore\nwarning: careful\nerror: failed\n" + table


def test_quiet_leaves_warnings_errors_and_results(piped):
    console, out, err = piped(quiet=True, verbose=True)
    console.say("working")
    console.detail("more")
    console.table("t", ["a"], [["b"]])
    with console.progress("p", 2, "steps") as bar:
        bar.update(1)
    console.warn("careful")
    console.error("failed")
    console.result("done")
    assert (out.getvalue(), err.getvalue()) == ("done\n", "warning: careful\nerror: failed\n")


def test_detail_needs_verbose(piped):
    console, _, err = piped()
    console.detail("more")
    assert err.getvalue() == ""


def test_user_text_is_shown_literally(piped):
    console, out, err = piped()
    console.say(NASTY)
    console.warn(NASTY)
    console.table(NASTY, [NASTY], [[NASTY]])
    console.result_table([], [[NASTY]])
    assert err.getvalue() == f"{SHOWN}\nwarning: {SHOWN}\n{SHOWN}\n  {SHOWN}\n  {SHOWN}\n"
    assert out.getvalue() == f"{SHOWN}\n"


def test_user_text_is_shown_literally_on_a_terminal(terminal):
    def work(console: Console) -> None:
        console.say(NASTY)
        console.result("one\ntwo\t\x1b[31m")
        with console.progress(NASTY, 2, "steps") as bar:
            bar.update(1, NASTY)
            console.say(NASTY)

    text = terminal(work)
    assert text.count(SHOWN) >= 3
    assert "\x1b[31m \\x00" not in text
    assert "one\r\ntwo\t\\x1b[31m" in text


def test_a_result_into_a_pipe_is_exact(piped):
    console, out, _ = piped()
    console.result("a\x1b[31m\n\u202e")
    assert out.getvalue() == "a\x1b[31m\n\u202e\n"


def test_json_is_one_safe_line_that_reads_back(piped):
    console, out, _ = piped()
    value = {"text": NASTY + " 日本 \U000e0001 \x7f", "n": [1, 2.5, True, None]}
    console.json(value)
    line = out.getvalue()
    assert line.count("\n") == 1
    assert "日本" in line
    assert visible(line.rstrip("\n")) == line.rstrip("\n")
    assert json.loads(line) == value


def test_json_has_no_word_for_nan(piped):
    console, out, _ = piped()
    console.json({"a": float("nan"), "b": [float("inf"), (-float("inf"), 1.0)]})
    assert json.loads(out.getvalue()) == {"a": None, "b": [None, [None, 1.0]]}


def test_json_is_ascii_where_the_stream_is_not_utf8():
    raw = io.BytesIO()
    console = Console(out=io.TextIOWrapper(raw, encoding="latin-1", errors="backslashreplace"))
    console.json({"text": "é日"})
    assert json.loads(raw.getvalue().decode("ascii")) == {"text": "é日"}


def test_progress_into_a_pipe_is_plain_lines_now_and_then(piped, monkeypatch):
    monkeypatch.setattr(module, "PLAIN_INTERVAL", 0.05)
    console, out, err = piped()
    with console.progress("training", 1000, "steps") as bar:
        for step in range(0, 1001, 100):
            bar.update(step, "loss 2.31")
            time.sleep(0.02)
    lines = err.getvalue().splitlines()
    assert 2 <= len(lines) <= 8
    assert all(line.startswith("training: ") and line.endswith("loss 2.31") for line in lines)
    assert "% (" in lines[0]
    assert lines[-1].startswith("training: 1,000 steps in 0.")
    assert err.getvalue().isascii()
    assert "\x1b" not in err.getvalue()
    assert out.getvalue() == ""


def test_quick_progress_into_a_pipe_is_one_line(piped):
    console, _, err = piped()
    with console.progress("reading", None, "rows") as bar:
        for n in range(100):
            bar.update(n + 1)
    assert err.getvalue().splitlines() == ["reading: 100 rows in 0.0 s"]


def test_failed_progress_claims_no_end(piped):
    console, _, err = piped()
    with pytest.raises(ZeroDivisionError), console.progress("reading", None, "rows"):
        raise ZeroDivisionError
    assert err.getvalue() == ""


def test_progress_on_a_terminal_is_a_bar_and_lines_stand_above_it(terminal):
    def work(console: Console) -> None:
        with console.progress("outer", 10, "steps") as outer:
            outer.update(3, "loss 1.0")
            with console.progress("inner", None, "rows") as inner:
                inner.update(7)
                console.say("a line")
                console.result("a result")
            outer.update(10)
        console.say("after")

    text = terminal(work)
    assert "━" in text
    assert "30% (3 of 10 steps), loss 1.0" in text
    assert "a line\r\n" in text
    assert "a result\r\n" in text
    assert "after\r\n" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") > 0


def test_a_bar_is_taken_away_when_the_work_fails(terminal):
    def work(console: Console) -> None:
        with pytest.raises(ZeroDivisionError), console.progress("outer", 10, "steps"):
            raise ZeroDivisionError
        console.error("division")

    text = terminal(work)
    assert "\x1b[?25h" in text
    assert text.rstrip().endswith("error: division")


def test_a_dumb_terminal_gets_plain_lines(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")

    def work(console: Console) -> None:
        with console.progress("outer", 10, "steps") as bar:
            bar.update(10)

    assert terminal(work) == "outer: 10 steps in 0.0 s\r\n"


def test_columns_are_aligned_by_width_on_screen():
    lines = align(["name", "score"], [["日本", "1.5"], ["a", "-1,200"], ["b"]])
    assert lines == ["name   score", "日本     1.5", "a     -1,200", "b"]


def test_align_without_rows_or_header():
    assert align([], []) == []
    assert align(["a", "b"], []) == ["a  b"]


def test_visible_leaves_text_alone():
    text = "naïve 日本語 👩‍👩‍👧 العربية [b] \\x1b"
    assert visible(text) == text
    assert json_visible(text) == text


def test_speed_counts_from_the_first_report(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    track = Track("t", 1000, "steps", _start=100.0)
    track.update(500)
    assert track.text() == "50% (500 of 1,000 steps)"
    now[0] += 10
    track.update(600, "loss 2")
    assert track.text() == "60% (600 of 1,000 steps), 10 steps/s, 40 s left, loss 2"
    now[0] += 110
    assert track.closing() == "600 steps in 2 min 0 s, loss 2"


def test_a_budget_in_seconds_has_no_speed(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    track = Track("t", 60, "s")
    track.update(0)
    now[0] = 15.0
    track.update(15)
    assert track.text() == "25% (15 of 60 s), 45 s left"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (3600, "1 h 0 min"), (12000, "3 h 20 min")],
)
def test_format_seconds(seconds, text):
    assert format_seconds(seconds) == text
