from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from nlpsuite.errors import UserError
from nlpsuite.tasks.columns import KNOWN_NAMES, Columns
from nlpsuite.tasks.label_cells import LabelForm, find_form, read_target
from nlpsuite.tasks.tables import Table, read_table

if TYPE_CHECKING:
    from pathlib import Path

ONE = Columns(("text",), "label")


def table(tmp_path: Path, cells: list[object]) -> Table:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": "t", "label": cell}) + "\n" for cell in cells), encoding="utf-8")
    return read_table(path, known=KNOWN_NAMES)


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["a", "b", "a"], LabelForm()),
        ([1, 2, 1], LabelForm()),
        ([["a"], ["a", "b"]], LabelForm(True)),
        (["a", ["a", "b"]], LabelForm(True)),
        (["red|big", "red|small", "blue|big", "red", ""], LabelForm(True, "|")),
        (["red; big", "red; small", "blue; big", "red; blue"], LabelForm(True, ";")),
        (["red,big", "red", "big", "small,red"], LabelForm(True, ",")),
        (["Arts, Culture", "Trade, Money", "Sports"], LabelForm()),
        (["Politics, World", "Sports, World", "Weather"], LabelForm()),
        (["Sci/Tech", "World", "Sci/Tech"], LabelForm()),
        (["['joy', 'anger']", "['joy']", "[]"], LabelForm(True)),
        (['["joy", "anger"]', '["joy"]'], LabelForm(True)),
        (["[NEG]", "[POS]", "[NEG]"], LabelForm()),
        (["a"] * 1200 + ["a|b", "b|c"] * 2, LabelForm(True, "|")),
    ],
)
def test_the_form_is_found(tmp_path: Path, cells: list[object], form: LabelForm) -> None:
    assert find_form(table(tmp_path, cells), ONE, None, None) == form


def test_the_form_may_be_set(tmp_path: Path) -> None:
    cells: list[object] = ["red|big", "red|small", "blue|big", "red"]
    assert find_form(table(tmp_path, cells), ONE, False, None) == LabelForm()
    assert find_form(table(tmp_path, ["a/b", "c"]), ONE, None, "/") == LabelForm(True, "/")
    assert find_form(table(tmp_path, ["a", "c"]), ONE, True, None) == LabelForm(True)
    with pytest.raises(UserError, match=r"task\.labels_separator: .*task\.several=false"):
        find_form(table(tmp_path, cells), ONE, False, "|")


def test_columns_of_flags_are_several_labels_or_classes_spread_out(tmp_path: Path) -> None:
    columns = Columns(("text",), None, flags=("x", "y"))
    path = tmp_path / "rows.csv"
    path.write_text("text,x,y\nt,1,0\nt,1,1\nt,0,0\n", encoding="utf-8")
    read = list(read_table(path, known=KNOWN_NAMES))
    form = find_form(read_table(path, known=KNOWN_NAMES), columns, None, None)
    assert [read_target(each.values, columns, form, path, 1) for each in read] == [("x",), ("x", "y"), ()]
    path.write_text("text,x,y\nt,1,0\nt,0,1\n", encoding="utf-8")
    form = find_form(read_table(path, known=KNOWN_NAMES), columns, None, None)
    assert form == LabelForm()
    assert read_target({"x": "0", "y": "1"}, columns, form, path, 1) == "y"
    assert read_target({"x": "", "y": "1"}, columns, form, path, 1) is None
    with pytest.raises(UserError, match="2 labels in a row"):
        read_target({"x": "1", "y": "1"}, columns, form, path, 1)
    with pytest.raises(UserError, match=r"`2` in column `x`"):
        read_target({"x": "2", "y": "1"}, columns, form, path, 1)


@pytest.mark.parametrize(
    ("value", "form", "target"),
    [
        (" a ", LabelForm(), "a"),
        (3, LabelForm(), "3"),
        (3.0, LabelForm(), "3"),
        (-0.0, LabelForm(), "0"),
        (3.5, LabelForm(), "3.5"),
        (True, LabelForm(), "true"),
        ([1.0, 2], LabelForm(True), ("1", "2")),
        ("['joy', 'anger']", LabelForm(True), ("joy", "anger")),
        ("['joy' 'anger']", LabelForm(True), ("joy", "anger")),
        ('["joy"]', LabelForm(True), ("joy",)),
        ("[]", LabelForm(True), ()),
        ("['joy']", LabelForm(), "['joy']"),
        (None, LabelForm(), None),
        (float("nan"), LabelForm(), None),
        (None, LabelForm(True), None),
        ("", LabelForm(True, "|"), ()),
        ("a| b||a", LabelForm(True, "|"), ("a", "b")),
        ([], LabelForm(True), ()),
        (["a", 2, "a"], LabelForm(True), ("a", "2")),
        ("a|b", LabelForm(True), ("a|b",)),
        (2, LabelForm(True), ("2",)),
    ],
)
def test_targets(tmp_path: Path, value: object, form: LabelForm, target: object) -> None:
    assert read_target({"label": value}, ONE, form, tmp_path, 1) == target


def test_a_list_where_one_label_is_expected_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task\.several=true"):
        read_target({"label": ["a"]}, ONE, LabelForm(), tmp_path, 1)
