"""Every command in the README runs, with small budgets in place of long ones."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nlpsuite.cli.app import main

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    return [line for block in BLOCKS for line in block.splitlines() if line.startswith("suite ")]


def short(command: str) -> list[str]:
    """The command with a budget fit for a test."""
    words = shlex.split(command)[1:]
    if "--time" in words:
        at = words.index("--time")
        words[at : at + 2] = ["--max-steps", "2"] if words[0] == "pretrain" else ["--epochs", "1", "--limit", "24"]
    return words


def test_the_readme_commands_run_in_order(tmp_path, text_file, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mytext").mkdir()
    text = text_file.read_text(encoding="utf-8")
    (tmp_path / "mytext" / "a.txt").write_text(text, encoding="utf-8")
    (tmp_path / "more.txt").write_text(text[:2000], encoding="utf-8")
    (tmp_path / "lines.txt").write_text("a fine day\n\nthe worst of days\n", encoding="utf-8")
    rows = [f"{'good' if i % 2 else 'bad'} film number {i}\t{'pos' if i % 2 else 'neg'}" for i in range(40)]
    (tmp_path / "reviews.tsv").write_text("text\tlabel\n" + "\n".join(rows) + "\n", encoding="utf-8")
    said = commands()
    assert len(said) >= 7
    for command in said:
        assert main(short(command)) == 0, command + "\n" + capsys.readouterr().err


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_the_readme_points_at_files_that_exist(target):
    assert (ROOT / target).exists()


def test_the_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    assert len(makefile.splitlines()) <= 40
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}\b.*:", makefile, flags=re.MULTILINE), target
