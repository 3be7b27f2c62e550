"""Typed settings: defaults in code < a recipe in YAML < `--set a.b=c` < flags.

An unknown key is an error with the nearest name.
"""

from __future__ import annotations

import difflib
import re
import textwrap
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from nlpsuite.errors import UserError
from nlpsuite.files import read_small

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Settings(BaseModel):
    """The base of every settings class: immutable, and a misspelt key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_bool_for_a_word(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a word that YAML takes for true or false where none of them is meant: it would become 1 or 0, a column."""
        of_several = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(each, bool) for each in of_several):
            annotation = cls.model_fields[str(info.field_name)].annotation
            if _is_made_of(annotation, str) and not _is_made_of(annotation, bool):
                raise ValueError(
                    "YAML takes yes, no, on, off, true and false for true or false; put the word in quotes"
                )
        return value


def _is_made_of(annotation: Any, kind: type) -> bool:
    """Whether an annotation such as `tuple[str | int, ...] | None` has a type, or a literal value of it, or `Any` in it."""
    if annotation is kind or annotation is Any or isinstance(annotation, kind):
        return True
    return any(_is_made_of(part, kind) for part in get_args(annotation))


S = TypeVar("S", bound=Settings)


def read_recipe(path: Path) -> dict[str, Any]:
    """Read a YAML recipe as a plain mapping.

    Raises:
        UserError: The file is missing, is not YAML, or is not a mapping.
    """
    try:
        text = read_small(path)
    except FileNotFoundError:
        raise UserError("no such recipe", where=path, fix="recipes to copy are in configs/") from None
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read ({error})", where=path, fix="name a recipe in YAML") from None
    try:
        data = load_yaml(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise UserError(
            f"not valid YAML: {problem}", where=path, line=line, fix="check this line and those before it"
        ) from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise UserError("a recipe is a mapping of settings", where=path, fix="write lines like `seed: 1`")
    for key in data:
        if not isinstance(key, str):
            raise UserError(f"`{key}` is no name of a setting", where=path, fix="write lines like `seed: 1`")
    return data


def load_yaml(text: str) -> Any:
    """Read YAML as plain values: no tags, no aliases, no key twice.

    Raises:
        yaml.YAMLError: It is not such YAML.
        ValueError: A value cannot be read.
    """
    try:
        return yaml.load(text, _Loader)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


_NO_TEXT = re.compile(
    r"""\s*([-+]?(0|[1-9]\d*)|[-+]?\d*\.\d*([eE][-+]?\d+)?|true|false|null|[\[{"'].*|)\s*""", re.DOTALL
)
"""What is read as YAML in an assignment: a number, a word of JSON, a list, a mapping, something in quotes, or nothing."""


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """Turn `["a.b=1", "c=x"]` into `{"a": {"b": 1}, "c": "x"}`.

    What looks like a number, true, false, null, a list or a mapping is one, as in YAML; all else, and anything in quotes, is
    text as it was typed: no comment is cut off, and `no` is the language.

    Raises:
        UserError: An item has no `=` or an empty name, or gives one name both a value and parts.
    """
    result: dict[str, Any] = {}
    for item in assignments:
        name, equals, value = item.partition("=")
        parts = name.strip().split(".")
        if not equals or not all(parts):
            raise UserError(
                f"`{item}` is not a setting", where="--set", fix="write --set name=value or --set part.name=value"
            )
        place = result
        for part in parts[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise UserError(f"`{name}` is set both whole and in part", where="--set", fix="give one of them")
        if isinstance(place.get(parts[-1]), dict):
            raise UserError(f"`{name}` is set both whole and in part", where="--set", fix="give one of them")
        try:
            place[parts[-1]] = load_yaml(value) if _NO_TEXT.fullmatch(value) else value
        except (yaml.YAMLError, ValueError):
            place[parts[-1]] = value
    return result


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay mappings over one another, later ones winning, nested mappings merged key by key."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            old = result.get(key)
            # A mapping is copied, so that a change to the result reaches no layer.
            result[key] = merge(old if isinstance(old, dict) else {}, value) if isinstance(value, dict) else value
    return result


def build(cls: type[S], values: Mapping[str, Any], *, where: str | Path) -> S:
    """Make settings of type `cls`.

    Args:
        cls: The settings class.
        values: Plain values, for example from `merge`.
        where: What to blame in an error: the recipe, or the command.

    Raises:
        UserError: A key is unknown (with the nearest name) or a value does not fit.
    """
    try:
        return cls.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = _known_names(cls, first["loc"])
            near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
            before = ".".join(str(part) for part in first["loc"][:-1])
            fix = (
                f"did you mean `{before and before + '.'}{near[0]}`?"
                if near
                else "known settings: " + ", ".join(sorted(known))
            )
            raise UserError(f"unknown setting `{name}`", where=where, fix=fix) from None
        message = " ".join(first["msg"].removeprefix("Value error, ").split())
        # A check across several settings has no name of its own.
        what = f"setting `{name}` = {textwrap.shorten(repr(first['input']), 200)}: {message}" if name else message
        raise UserError(what, where=where, fix="correct the value") from None


def _known_names(cls: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = cls
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        model = model if field is None else _model_in(field.annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the settings class in an annotation such as `Inner`, `Inner | None` or `list[Inner]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


class _Loader(yaml.SafeLoader):
    """Safe YAML with neither double keys nor aliases.

    Plain YAML drops the first value of a double key in silence; and with aliases of aliases a few lines become gigabytes.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (`*name`) are not supported", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                if key_node.value in seen:
                    problem = f"setting `{key_node.value}` is given twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key_node.value)
        return super().construct_mapping(node, deep)
