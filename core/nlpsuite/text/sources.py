"""Finding the text a command is given: files, folders, globs and standard input become a fixed list of sources.

What a folder holds besides text is skipped and told, and files named as validation or test text are kept out of
training.
"""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.text.folder import Skipped, text_files
from nlpsuite.text.kinds import READS, Compression, Kind, Role, by_content, by_suffix, role_by_name
from nlpsuite.text.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Source:
    """One file of text.

    Attributes:
        name: What the user calls it; stands in messages.
        path: Where its bytes lie (for a pipe, a temporary file).
        kind: How its text is laid out once decompressed.
        compression: How it is compressed; empty for not at all.
        role: What it is for. Text of role `test` is never read.
        content_hash: For a pipe, a hash of its bytes; empty for a file, which is known by path, size and time.
    """

    name: str
    path: Path
    kind: Kind
    compression: Compression = ""
    role: Role = "train"
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the patterns gave, in the order it is read.

    Attributes:
        train: The text to learn from; never empty.
        valid: Files named as validation text (`valid`, `validation`, `val`, `dev`; also `dev-00001-of-00002`,
            `x.valid.txt`).
        test: Files named as test text (`test`, `testing`): never read.
        skipped: What lies in the folders and is hidden, empty or of an unknown kind.
        spools: The temporary copies of pipes; they are removed when this object goes.
    """

    train: tuple[Source, ...]
    valid: tuple[Source, ...] = ()
    test: tuple[Source, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    spools: tuple[Spool, ...] = ()

    @property
    def read(self) -> tuple[Source, ...]:
        """The sources that are read: validation text first, so that equal training text is the duplicate."""
        return self.valid + self.train

    def stored_bytes(self) -> int:
        """The size on disk of everything that is read."""
        return sum(source.path.stat().st_size for source in self.read)

    def sentences(self) -> list[str]:
        """What the user should know about what is not trained on, one line each; empty when that is nothing."""
        lines = []
        if self.valid:
            lines.append(f"validation text, held out: {some(source.name for source in self.valid)}")
        if self.test:
            lines.append(f"test text, not read: {some(source.name for source in self.test)}")
        for reason in sorted({item.reason for item in self.skipped}):
            lines.append(f"skipped, {reason}: {some(str(item.path) for item in self.skipped if item.reason == reason)}")
        return lines


def find_sources(patterns: Sequence[str]) -> Sources:
    """Turn files, folders (searched recursively), globs and `-` (standard input) into sources.

    Files come in the order of the patterns, those of a folder or a glob sorted by path; a file that several patterns
    give is taken once. A file that is named itself and has an unknown suffix is read as text. A file named as
    validation or test text is held out, unless only such files are named: then they are the text.

    Raises:
        UserError: No pattern, a missing path, a folder or glob without text, no training text, an empty file or pipe,
            or Parquet without pyarrow.
    """
    if not patterns:
        raise UserError("no text given", fix="name files, folders or globs, or - for standard input")
    found: dict[Path, Source] = {}
    skipped: dict[Path, Skipped] = {}
    named: set[Path] = set()
    spools: list[Spool] = []
    for pattern in patterns:
        if pattern == "-":
            if not any(source.name == "<stdin>" for source in found.values()):
                spools.append(Spool.from_stdin())
                found[spools[-1].path] = _piped("<stdin>", spools[-1])
            continue
        for path, is_named in _expand(pattern, skipped):
            key = path.resolve()
            if is_named:
                named.add(key)
            if key not in found and path.is_fifo():
                spools.append(Spool.from_pipe(path))
                found[key] = _piped(pattern, spools[-1])
            elif key not in found:
                found[key] = _source(path)
    train, valid, test = _by_role(found, named)
    return Sources(train, valid, test, tuple(skipped[key] for key in sorted(skipped)), tuple(spools))


def some(names: Iterable[str], show: int = 3) -> str:
    """Name the first few and count the rest."""
    every = list(names)
    return ", ".join(every[:show]) + (f" and {len(every) - show:,} more" if len(every) > show else "")


def _by_role(found: dict[Path, Source], named: set[Path]) -> tuple[tuple[Source, ...], ...]:
    sources = list(found.values())
    if not any(source.role == "train" for source in sources):
        sources = [replace(source, role="train") if key in named else source for key, source in found.items()]
    train, valid, test = (tuple(s for s in sources if s.role == role) for role in ("train", "valid", "test"))
    if not train:
        names = some(source.name for source in sources)
        raise UserError(
            f"only validation or test text, nothing to train on: {names}",
            fix="name the files themselves, or rename them",
        )
    return train, valid, test


def _expand(pattern: str, skipped: dict[Path, Skipped]) -> Iterator[tuple[Path, bool]]:
    """Give the files of one pattern, and of each whether the user named the very file."""
    path = Path(pattern).expanduser()
    if path.exists():
        matches = [path]
    elif glob.has_magic(pattern):
        matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    else:
        raise UserError("no such file or folder", where=pattern, fix="check the path")
    n_found = 0
    for match in matches:
        if not match.is_dir():
            n_found += 1
            yield match, match == path
            continue
        files, passed_over = text_files(match)
        skipped.update((item.path, item) for item in passed_over)
        n_found += len(files)
        yield from ((file, False) for file in files)
    if not n_found:
        raise UserError("no text here", where=pattern, fix=f"files that are read: {READS}")


def _piped(name: str, spool: Spool) -> Source:
    return Source(name, spool.path, spool.kind, spool.compression, "train", spool.content_hash)


def _source(path: Path) -> Source:
    if not path.is_file():
        raise UserError("not a file", where=path, fix="name a file or a folder")
    if not os.access(path, os.R_OK):
        raise UserError("cannot be read", where=path, fix="check its permissions")
    if not path.stat().st_size:
        raise UserError("an empty file", where=path, fix="give a file with text")
    kind, compression = by_suffix(path)
    if kind is None:
        kind = "text" if compression else _kind_of_unknown(path)
    if kind == "parquet":
        _need_pyarrow(path, compression)
    return Source(str(path), path, kind, compression, role_by_name(path))


def _kind_of_unknown(path: Path) -> Kind:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    kind, compression = by_content(head)
    if compression:
        raise UserError(
            f"compressed, without saying so in its name ({compression})",
            where=path,
            fix=f"rename it to end in .{compression}",
        )
    if path.suffix.lower() == ".json" and kind == "text":
        raise UserError(
            "one JSON value over many lines", where=path, fix="write JSON Lines: one object a line, in a .jsonl file"
        )
    return kind


def _need_pyarrow(path: Path, compression: Compression) -> None:
    if compression:
        raise UserError(
            "a compressed Parquet file", where=path, fix="decompress it: Parquet compresses its columns itself"
        )
    if find_spec("pyarrow") is None:
        raise UserError("Parquet needs pyarrow", where=path, fix="pip install nlpsuite[parquet]")
