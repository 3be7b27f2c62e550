from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nlpsuite.tasks.class_names import find_class_names

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("labels", "text", "names"),
    [
        ({"1", "2"}, "World\nSports\n", {"1": "World", "2": "Sports"}),
        ({"0", "1"}, "World\r\nSports\r\n\n", {"0": "World", "1": "Sports"}),
        ({"1", "2", "3"}, "World\nSports\n", {}),
        ({"1", "3"}, "World\nSports\n", {}),
        ({"a", "2"}, "World\nSports\n", {}),
        ({"1", "2"}, "World\nWorld\n", {}),
        ({"1", "2"}, "World\n\nSports\n", {}),
        (set(), "World\n", {}),
    ],
)
def test_numbered_classes_are_named_where_there_is_no_doubt(
    tmp_path: Path, labels: set[str], text: str, names: dict[str, str]
) -> None:
    (tmp_path / "classes.txt").write_text(text, encoding="utf-8", newline="")
    assert find_class_names(tmp_path, labels) == names


def test_without_a_file_there_are_no_names(tmp_path: Path) -> None:
    assert find_class_names(tmp_path, {"1", "2"}) == {}
