from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, ValidationError

from nlpsuite.config import Settings, build, merge, parse_assignments, read_recipe
from nlpsuite.errors import UserError


class Inner(Settings):
    rate: float = Field(default=0.1, gt=0)
    warmup: int = 5


class Outer(Settings):
    seed: int = 1
    optimiser: Inner = Inner()
    maybe: Inner | None = None
    many: tuple[Inner, ...] = ()
    name: str | None = None


def recipe(tmp_path, data: bytes):
    path = tmp_path / "recipe.yaml"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"seed: 2\noptimiser:\n  rate: 0.5\n", {"seed": 2, "optimiser": {"rate": 0.5}}),
        (b"\xef\xbb\xbfseed: 2\n", {"seed": 2}),
        (b"", {}),
        (b"# only a comment\n", {}),
    ],
)
def test_a_recipe_is_read(tmp_path, data, expected):
    assert read_recipe(recipe(tmp_path, data)) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: 1\nb: [1,\n", "recipe.yaml:3: not valid YAML"),
        (b"a: b: c\n", "recipe.yaml:1: not valid YAML"),
        (b"- 1\n- 2\n", "a recipe is a mapping"),
        (b"just text\n", "a recipe is a mapping"),
        (b"a: \xff\xfe\n", "cannot be read"),
        (b"a: !!python/object/apply:os.system [true]\n", "not valid YAML"),
        (b"a: \x00\n", "not valid YAML"),
        (b"1: x\n", "is no name of a setting"),
        (b"a: 1\nb: 2\na: 3\n", "recipe.yaml:3: not valid YAML: setting `a` is given twice"),
        (b"o:\n  a: 1\n  a: 2\n", "recipe.yaml:3: not valid YAML: setting `a` is given twice"),
    ],
)
def test_a_faulty_recipe_is_one_line(tmp_path, data, message):
    with pytest.raises(UserError) as caught:
        read_recipe(recipe(tmp_path, data))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_and_a_folder_are_refused(tmp_path):
    with pytest.raises(UserError, match="no such recipe"):
        read_recipe(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        read_recipe(tmp_path)


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ([], {}),
        (["a=1"], {"a": 1}),
        (["a.b=1", "a.c=x", "d=[1, 2]"], {"a": {"b": 1, "c": "x"}, "d": [1, 2]}),
        (["a=x=y"], {"a": "x=y"}),
        (["a="], {"a": None}),
        (["a=1", "a=2"], {"a": 2}),
        (["a=1e-3"], {"a": "1e-3"}),
        (["a=[1"], {"a": "[1"}),
        (
            ["a=-2", "b=0.5", "c=1.5e-3", "d=true", "e=null", "f={x: 1}"],
            {
                "a": -2,
                "b": 0.5,
                "c": 0.0015,
                "d": True,
                "e": None,
                "f": {"x": 1},
            },
        ),
        (
            ["a=no", "b=on", "c=Yes", "d=010", "e=#1 String", "f=a #b"],
            {
                "a": "no",
                "b": "on",
                "c": "Yes",
                "d": "010",
                "e": "#1 String",
                "f": "a #b",
            },
        ),
        (
            ["a=|", "b=#", "c=评论: 内容", "d=- x", "e=1:30", "f=2024-01-01"],
            {
                "a": "|",
                "b": "#",
                "c": "评论: 内容",
                "d": "- x",
                "e": "1:30",
                "f": "2024-01-01",
            },
        ),
        (['a="3"', "b='no'", "c=\"it's"], {"a": "3", "b": "no", "c": "\"it's"}),
    ],
)
def test_assignments(assignments, expected):
    assert parse_assignments(assignments) == expected


@pytest.mark.parametrize(
    "assignments",
    [["a"], ["=1"], ["a..b=1"], [".a=1"], ["a.=1"], ["a=1", "a.b=2"], ["a.b=2", "a=1"], ["a=null", "a.b=1"]],
)
def test_faulty_assignments_are_refused(assignments):
    with pytest.raises(UserError, match=r"^--set: "):
        parse_assignments(assignments)


class Words(Settings):
    word: str | int | None = None
    words: tuple[str | int, ...] | None = None
    switch: bool = False
    either: bool | str = "x"
    free: dict[str, Any] = Field(default_factory=dict)


@pytest.mark.parametrize("values", [{"word": True}, {"words": ["a", False]}])
def test_a_word_that_yaml_took_for_true_is_no_column(values):
    with pytest.raises(UserError, match="put the word in quotes"):
        build(Words, values, where="recipe.yaml")


def test_true_is_true_where_it_may_be():
    values = {"switch": True, "either": False, "free": {"a": True}, "word": "on", "words": ["no", 1]}
    assert build(Words, values, where="recipe.yaml").model_dump() == values | {"words": ("no", 1)}


def test_merge_lays_later_over_earlier():
    first, second = {"a": {"b": 1, "c": 2}, "d": 1}, {"a": {"b": 3}, "d": {"e": 1}}
    assert merge(first, second) == {"a": {"b": 3, "c": 2}, "d": {"e": 1}}
    assert first == {"a": {"b": 1, "c": 2}, "d": 1}
    assert merge() == {}


def test_merge_shares_nothing_with_its_layers():
    first: dict[str, dict[str, int]] = {"a": {"b": 1}}
    merge(first)["a"]["b"] = 2
    assert first == {"a": {"b": 1}}


def test_build_makes_typed_settings():
    made = build(Outer, {"seed": 3, "optimiser": {"rate": "1e-3"}}, where="x")
    assert (made.seed, made.optimiser.rate, made.optimiser.warmup) == (3, 0.001, 5)
    with pytest.raises(ValidationError):
        made.seed = 4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sed": 1}, "x: unknown setting `sed`; did you mean `seed`?"),
        ({"zzz": 1}, "x: unknown setting `zzz`; known settings: many, maybe, name, optimiser, seed"),
        ({"optimiser": {"rat": 1}}, "x: unknown setting `optimiser.rat`; did you mean `optimiser.rate`?"),
        ({"maybe": {"rat": 1}}, "x: unknown setting `maybe.rat`; did you mean `maybe.rate`?"),
        ({"many": [{}, {"rat": 1}]}, "x: unknown setting `many.1.rat`; did you mean `many.1.rate`?"),
        ({"seed": "many"}, "x: setting `seed` = 'many': Input should be a valid integer"),
        ({"optimiser": {"rate": 0}}, "x: setting `optimiser.rate` = 0: Input should be greater than 0"),
        ({"optimiser": 3}, "x: setting `optimiser` = 3: Input should be a valid dictionary"),
    ],
)
def test_a_wrong_setting_is_one_line_with_the_nearest_name(values, message):
    with pytest.raises(UserError) as caught:
        build(Outer, values, where="x")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
