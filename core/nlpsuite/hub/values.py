"""From the values of a data set to those of JSON: names for numbered classes, and nothing that is no text or number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nlpsuite.plain import plain

Convert = Callable[[Any], Any]


def converter(feature: Any) -> Convert | None:
    """Return what makes JSON of a column's values; None for what is neither text nor numbers, such as pictures.

    The kinds of columns are told by their class's name, for which class is where has changed in that library.

    Args:
        feature: What `datasets` says of a column, or None where it says nothing.
    """
    kind = type(feature).__name__
    if feature is None or kind == "Json":
        return plain
    if kind == "ClassLabel":
        return _class_names(feature)
    if kind == "Value":
        return None if "binary" in str(feature.dtype) else plain
    if kind.startswith("Translation"):
        return plain
    if isinstance(feature, dict):
        inner = {name: made for name, each in feature.items() if (made := converter(each)) is not None}
        return _of_dict(inner) if inner else None
    if isinstance(feature, list) or kind in ("List", "LargeList", "Sequence"):
        of_one = converter(feature[0] if isinstance(feature, list) else feature.feature)
        return None if of_one is None else _of_list(of_one)
    return None


def holds_text(feature: Any) -> bool:
    """Whether text stands somewhere in a column's values; names of classes are none."""
    kind = type(feature).__name__
    if kind == "Value":
        return "string" in str(feature.dtype)
    if isinstance(feature, dict):
        return any(map(holds_text, feature.values()))
    if isinstance(feature, list) or kind in ("List", "LargeList", "Sequence"):
        return holds_text(feature[0] if isinstance(feature, list) else feature.feature)
    return feature is None or kind == "Json" or kind.startswith("Translation")


def is_text(feature: Any) -> bool:
    """Whether a column's values are text, or may be where nothing is said of them."""
    kind = type(feature).__name__
    return feature is None or kind == "Json" or (kind == "Value" and "string" in str(feature.dtype))


def only_text(value: Any) -> Any:
    """Return text as it is, a dict with its text alone, and anything else as null."""
    if isinstance(value, dict):
        return {str(name): only_text(each) for name, each in value.items()}
    return value if isinstance(value, str) else None


def described(feature: Any) -> str:
    """Return the kind of a column, for people."""
    dtype = getattr(feature, "dtype", None)
    return str(dtype) if type(feature).__name__ == "Value" else type(feature).__name__


def _class_names(feature: Any) -> Convert:
    names = list(feature.names or [])

    def name(value: Any) -> str | None:
        # A number below zero says that there is no label.
        if isinstance(value, str) or value is None:
            return value
        return names[value] if 0 <= value < len(names) else None

    return name


def _of_dict(inner: dict[str, Convert]) -> Convert:
    def convert(value: Any) -> Any:
        return None if value is None else {name: made(value.get(name)) for name, made in inner.items()}

    return convert


def _of_list(of_one: Convert) -> Convert:
    def convert(value: Any) -> Any:
        if value is None:
            return None
        return of_one(value) if isinstance(value, dict) else [of_one(each) for each in value]

    return convert
