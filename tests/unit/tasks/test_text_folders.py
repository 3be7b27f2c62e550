from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.tasks.text_folders import folder_rows

if TYPE_CHECKING:
    from pathlib import Path


class Said(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.lines.append(text)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_folders_named_after_labels(tmp_path: Path) -> None:
    files = {
        "pos/2.txt": "Fine.\nReally.\n\n",
        "pos/1.txt": "Good.",
        "neg/9.txt": "Dull.",
        "unsup/1.txt": "?",
        "urls.txt": "u",
    }
    said = Said()
    rows = list(folder_rows(write(tmp_path, files), said, need_label=True))
    assert [(row.inputs["text"], row.target, row.where) for row in rows] == [
        ("Dull.", "neg", f"{tmp_path}/neg/9.txt:1"),
        ("Good.", "pos", f"{tmp_path}/pos/1.txt:1"),
        ("Fine.\nReally.", "pos", f"{tmp_path}/pos/2.txt:1"),
    ]
    assert said.lines[0].endswith("3 .txt files in folders neg, pos")
    assert "2 files not used" in said.lines[1]


def test_to_predict_every_text_file_is_a_row(tmp_path: Path) -> None:
    files = {"a.txt": "one", "b/c.txt": "two", "b/e.txt": "", "unsup/d.txt": "three"}
    rows = list(folder_rows(write(tmp_path, files), Silent(), need_label=False))
    assert [row.inputs["text"] for row in rows] == ["one", "two", "", "three"]


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="empty") as caught:
        list(folder_rows(write(tmp_path, {"pos/1.txt": text, "neg/1.txt": "Dull."}), Silent(), need_label=True))
    assert str(caught.value.where).endswith("pos/1.txt")


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    for need_label in (True, False):
        with pytest.raises(UserError, match=r"no .*\.txt files"):
            list(folder_rows(write(tmp_path, {"pos/readme.md": "x"}), Silent(), need_label=need_label))
