"""Parallel text: files that hold the same lines in different languages, such as `train.en` and `train.de`.

A file's language is the last suffix of its name (`.txt` and compressions left aside), what stands before it is its stem; files
with one stem belong together. The path of the source file stands for a pair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.tasks.lines import file_lines
from nlpsuite.tasks.splits import SPLIT_WORDS
from nlpsuite.tasks.tables import COMPRESSED_SUFFIXES, TABLE_SUFFIXES
from nlpsuite.tasks.task import SplitFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_LANGUAGE = re.compile(r"[A-Za-z][A-Za-z0-9]{1,7}(?:[-_][A-Za-z0-9]{2,8})?")
_NO_LANGUAGE = {
    "md",
    "py",
    "sh",
    "yaml",
    "yml",
    "html",
    "xml",
    "pdf",
    "zip",
    "tar",
    "log",
    "model",
    "sgm",
    "tmx",
    "bz2",
}


@dataclass(frozen=True, slots=True)
class Direction:
    """From which language into which.

    Attributes:
        source: The suffix or column of what is translated.
        target: The suffix or column of what it becomes.
    """

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


def split_name(path: Path) -> tuple[str, str] | None:
    """Return stem and language of a file's name, or None where the name tells no language."""
    name = path.name
    for suffix in (*COMPRESSED_SUFFIXES, ".txt"):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    stem, dot, language = name.rpartition(".")
    if not dot or not stem or f".{language.lower()}" in TABLE_SUFFIXES or language.lower() in _NO_LANGUAGE:
        return None
    return (stem, language) if _LANGUAGE.fullmatch(language) else None


def parallel_files(folder: Path) -> dict[str, dict[str, Path]]:
    """Return the files of a folder whose names tell a language, by stem and language; in the order of their names.

    Raises:
        UserError: Two files of one stem have one language.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        named = None if path.name.startswith(".") or not path.is_file() else split_name(path)
        if named is None:
            continue
        stem, language = named
        other = found.setdefault(stem, {}).setdefault(language, path)
        if other != path:
            raise UserError(f"`{other.name}` and `{path.name}` are the same file twice", where=folder, fix="keep one")
    return found


def choose_direction(languages: Iterable[str], source: str | None, target: str | None, where: Path) -> Direction:
    """Decide from which language into which: as set; of two languages, from English, else in the order given.

    Args:
        languages: What there is: suffixes or columns.
        source: As the user set it, or None.
        target: As the user set it, or None.
        where: The file or folder, for errors.

    Raises:
        UserError: What is set is not there, or there are more than two and it is not set.
    """
    known = list(dict.fromkeys(languages))
    chosen = [_among(known, name, where) for name in (source, target)]
    rest = [name for name in known if name not in chosen]
    if len(known) == 2 and chosen == [None, None]:
        first = next((name for name in known if name.casefold() in ("en", "eng", "english")), known[0])
        return Direction(first, next(name for name in known if name != first))
    if len(known) == 2 and len(rest) == 1:
        chosen = [rest[0] if name is None else name for name in chosen]
    if chosen[0] is None or chosen[1] is None:
        what = f"{len(known)} languages here: {', '.join(known[:8])}"
        raise UserError(what, where=where, fix="say which with --set task.source=XX --set task.target=YY")
    if chosen[0] == chosen[1]:
        raise UserError(f"`{chosen[0]}` is both source and target", where=where, fix="set two different languages")
    return Direction(chosen[0], chosen[1])


def _among(known: Sequence[str], name: str | None, where: Path) -> str | None:
    if name is None:
        return None
    for each in known:
        if each.casefold() == name.casefold():
            return each
    raise UserError(f"no language `{name}` here", where=where, fix=f"there is {', '.join(known[:8]) or 'none'}")


def languages_in(folder: Path) -> list[str]:
    """Return the languages of a folder's parallel files, those that have a partner; none: there are no such files."""
    stems = parallel_files(folder)
    return sorted({language for by_language in stems.values() if len(by_language) > 1 for language in by_language})


def parallel_splits(folder: Path, direction: Direction, test: str | None = None) -> SplitFiles:
    """Find train, validation and test among the parallel files of a folder, by their stems.

    Args:
        folder: The folder.
        direction: Which files are the source.
        test: The stem of the test set; None: the first by name, the one named just `test` before others.

    Raises:
        UserError: A split is there twice, or the test set is not there.
    """
    stems = parallel_files(folder)
    pairs = {stem: each for stem, each in stems.items() if direction.source in each and direction.target in each}
    found: dict[str, str | None] = {}
    notes = []
    for split in SPLIT_WORDS:
        names = _stems_of(pairs, split)
        if split == "test" and test is not None:
            names = [_stem_named(stems, test, direction, folder)]
        elif split == "test" and len(names) > 1:
            notes.append(f"test sets: {', '.join(names)}; the first is scored, another with --set task.test=NAME")
        elif len(names) > 1:
            shown = " and ".join(f"`{name}`" for name in names[:3])
            raise UserError(f"{shown} are both {split} data", where=folder, fix="keep one")
        found[split] = names[0] if names else None
    if not any(found.values()) and len(pairs) == 1:
        found["train"] = next(iter(pairs))
        notes.append(f"{found['train']}: the only pair of files, so other rows are split off it")
    paths = {split: None if stem is None else stems[stem][direction.source] for split, stem in found.items()}
    shown = "; ".join(f"{split}: {stem}" for split, stem in found.items() if stem is not None)
    return SplitFiles(paths["train"], paths["valid"], paths["test"], (f"{direction}; {shown}", *notes))


def _stems_of(pairs: Mapping[str, object], split: str) -> list[str]:
    """Return the stem named after the split alone, else all that have its word and no other split's."""
    exact = [stem for stem in pairs if stem.split(".")[0].casefold() in SPLIT_WORDS[split]]
    return exact or [stem for stem in pairs if _splits_in(stem) == {split}]


def _splits_in(stem: str) -> set[str]:
    parts = re.split(r"[^a-z]+", stem.casefold())
    return {split for split, words in SPLIT_WORDS.items() if any(word in parts for word in words)}


def _stem_named(stems: Mapping[str, Mapping[str, Path]], name: str, direction: Direction, folder: Path) -> str:
    """Return the stem that a setting means: its name, or that of one of its files."""
    for stem, by_language in stems.items():
        if direction.source in by_language and name in (stem, *(path.name for path in by_language.values())):
            return stem
    known = [stem for stem, by_language in stems.items() if direction.source in by_language]
    what = f"no test set `{name}` in `{direction.source}`, which task.test asks for"
    raise UserError(what, where=folder, fix=f"there is {', '.join(known[:8]) or 'none'}")


def partner(path: Path, language: str) -> Path | None:
    """Return the file with the same lines in another language, or None where there is none beside it."""
    named = split_name(path)
    return None if named is None else parallel_files(path.parent).get(named[0], {}).get(language)


def paired_lines(source: Path, target: Path) -> Iterator[tuple[int, str, str]]:
    r"""Yield number and text of each line of two files, without its end.

    Raises:
        UserError: A file cannot be read, or one has more lines than the other.
    """
    number = 0
    of_source, of_target = file_lines(source), file_lines(target)
    while True:
        one, other = next(of_source, None), next(of_target, None)
        if one is None and other is None:
            return
        if one is None or other is None:
            ahead = 0 if one is None else 1 + sum(1 for _ in of_source)
            behind = 0 if other is None else 1 + sum(1 for _ in of_target)
            what = f"{number + ahead:,} lines, and {target.name} has {number + behind:,}"
            raise UserError(what, where=source, fix="line n of one file must be the translation of line n of the other")
        number += 1
        yield number, _text(one, number), _text(other, number)


def _text(line: str, number: int) -> str:
    text = line.removesuffix("\n").removesuffix("\r")
    return text.removeprefix("\ufeff") if number == 1 else text
