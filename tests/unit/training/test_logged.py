from __future__ import annotations

from nlpsuite.training.logged import LoggedReporter


def test_what_is_said_is_kept_and_a_line_said_before_is_not_said_again(spy, tmp_path):
    log = LoggedReporter(spy, tmp_path / "train.log")
    for line in ("test.tsv: TSV", "10 rows", "test.tsv: TSV", "10 rows", "done"):
        log.say(line)
    log.warn("mind this")
    log.warn("mind this")
    assert spy.said == ["test.tsv: TSV", "10 rows", "done"]
    assert spy.warned == ["mind this", "mind this"]
    kept = [line.partition(" ")[2] for line in (tmp_path / "train.log").read_text().splitlines()]
    assert kept == ["test.tsv: TSV", "10 rows", "done", "warning: mind this", "warning: mind this"]
