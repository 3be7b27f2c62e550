"""Finds a data set with the library `datasets`: on the hub, or in a folder; large ones are read as they come.

That library runs no code of a data set from its version 4 on, and only its readers of plain formats are let at one here.
"""

from __future__ import annotations

import difflib
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.files import bytes_in
from nlpsuite.hub.failures import LIBRARY, told
from nlpsuite.hub.opened import held, streaming

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nlpsuite.hub.names import DataName
    from nlpsuite.hub.opened import Opened
    from nlpsuite.hub.request import DataRequest
    from nlpsuite.report import Reporter

LARGE = 300_000_000
"""Bytes to download from which rows are read as they come: fewer are there in seconds, and that library keeps them."""
HUGE = 20_000_000_000
"""Bytes to download that are read as text to learn from only where it is said how many rows: they fill a disk."""
FORMATS = ("arrow", "conll", "csv", "json", "parquet", "text")
_SAVED = ("dataset_dict.json", "state.json")
_TRIES, _BETWEEN = 3, 1
_TIMEOUT = 10.0
"""Seconds to wait for the hub's first answer."""


def revision_of(name: DataName) -> str:
    """Return the commit that a name means now.

    Raises:
        UserError: There is no such data set, or the hub cannot be reached.
    """
    _library(name)
    from huggingface_hub import HfApi

    with told(name):
        return HfApi().dataset_info(name.repository or "", revision=name.revision, timeout=_TIMEOUT).sha or ""


def fingerprint(folder: Path) -> str:
    """Return what changes with the files of a folder: their names, sizes and times."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    stats = [(path.relative_to(folder).as_posix(), path.stat()) for path in files]
    return repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])


def open_data(request: DataRequest, revision: str, scratch: Path, report: Reporter) -> Opened:
    """Find a data set.

    Args:
        request: Which.
        revision: The commit to read; for a folder it means nothing.
        scratch: Where that library may keep its copy of a folder's files while it is read.
        report: Told how it is read.

    Raises:
        UserError: It cannot be read.
    """
    name = request.name
    datasets = _library(name)
    with told(name):
        if name.folder is not None and any((name.folder / file).is_file() for file in _SAVED):
            return _saved(datasets, name)
        if name.folder is not None:
            builder = _builder(datasets, name, str(name.folder), None, str(scratch))
        else:
            builder = _builder(datasets, name, name.repository, revision, None)
        kind = type(builder).__module__.rpartition(".")[2]
        if kind not in FORMATS:
            what = f"a data set of format `{kind}`, which is not read"
            raise UserError(what, where=name.text, fix=f"read are {', '.join(FORMATS)}")
        return _read_by(builder, request, report)


def _read_by(builder: Any, request: DataRequest, report: Reporter) -> Opened:
    """Read a data set that has been found: as it comes, or from that library's own copy."""
    name, config = request.name, None if builder.config.name == "default" else builder.config.name
    size = bytes_in(name.folder) if name.folder is not None else builder.info.download_size
    unbounded = request.purpose == "text" and request.limit is None
    if unbounded and (size or 0) > HUGE:
        raise too_much(f"{(size or 0) / 1e9:,.0f} GB", name)
    # Of text the end may be out of reach, so that without a size nothing is downloaded whole.
    if (size is None and (request.limit is not None or unbounded)) or (size or 0) > LARGE:
        _tell_streaming(size, request, report)
        sizes = {split: info.num_examples for split, info in (builder.info.splits or {}).items()}
        return streaming(builder.as_streaming_dataset(), sizes, config)
    if name.repository is not None:
        much = "" if size is None else f" {size / 1e6:,.1f} MB"
        report.say(f"{name.text}: downloading{much}, or reading what was downloaded before")
    builder.download_and_prepare(verification_mode="no_checks")
    # That library cannot open a split without rows.
    empty = [split for split, info in builder.info.splits.items() if not info.num_examples]
    if empty:
        report.say(f"{name.text}: no rows in {', '.join(f'`{split}`' for split in empty)}")
    return held({split: builder.as_dataset(split) for split in builder.info.splits if split not in empty}, config)


def _library(name: DataName) -> Any:
    try:
        import datasets
    except ImportError:
        what = "data sets by name need the library `datasets`, which is not installed"
        raise UserError(what, where=name.text, fix=LIBRARY) from None
    if int(datasets.__version__.split(".")[0]) < 4:
        what = f"the library `datasets` is of version {datasets.__version__}, which may run code of a data set"
        raise UserError(what, where=name.text, fix=LIBRARY)
    return datasets


def _saved(datasets: Any, name: DataName) -> Opened:
    """Return what `save_to_disk` wrote: one split, or several."""
    data = datasets.load_from_disk(str(name.folder))
    if isinstance(data, datasets.DatasetDict):
        return held(data)
    split = "".join(each for each in str(data.split or "train").partition("[")[0] if each.isalnum() or each in "_.-")
    return held({split or "train": data})


def _builder(datasets: Any, name: DataName, place: str | None, revision: str | None, cache: str | None) -> Any:
    try:
        return datasets.load_dataset_builder(place, name.config, revision=revision, cache_dir=cache)
    except ValueError:
        configs = datasets.get_dataset_config_names(place, revision=revision)
        if (name.config is None and len(configs) > 1) or (name.config is not None and name.config not in configs):
            raise _which(configs, name) from None
        raise


def _which(configs: list[str], name: DataName) -> UserError:
    known = ", ".join(configs[:20]) + (" ..." if len(configs) > 20 else "")
    base = name.text if name.config is None else name.text.replace(f"/{name.config}", "", 1)
    place, at, revision = base.partition("@")
    near = difflib.get_close_matches(name.config or "", configs, n=1)
    fix = f"say which, such as {place}/{(near or configs)[0]}{at}{revision}; there are {known}"
    if name.config is None:
        return UserError(f"the data set has {len(configs)} configurations", where=name.text, fix=fix)
    return UserError(f"no configuration `{name.config}`", where=name.text, fix=fix)


def too_much(what: str, name: DataName) -> UserError:
    """Return what to tell of a data set that would fill the disk."""
    fix = "say how many rows to read, such as --rows 1M"
    return UserError(f"{what}, too much to read whole", where=name.text, fix=fix)


def _tell_streaming(size: int | None, request: DataRequest, report: Reporter) -> None:
    much = "its size is not known" if size is None else f"{size / 1e6:,.0f} MB"
    first = ""
    if request.limit is not None:
        kind = "training rows" if request.purpose == "train" else "rows"
        flag = "--rows" if request.purpose == "text" else "--limit"
        first = f"; only the first {request.limit:,} {kind}, for {flag}, not drawn from all"
    report.say(f"{request.where}: {much}, so rows are read as they come and kept once{first}")


@contextmanager
def quiet(name: DataName) -> Iterator[None]:
    """Keep that library's bars and log off the screen, and have it give up on a network that is gone in seconds.

    Raises:
        UserError: The library is not installed.
    """
    datasets = _library(name)
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    patience = {each: getattr(datasets.config, each) for each in vars(datasets.config) if each.startswith("STREAMING_")}
    hidden, hub_hidden = datasets.are_progress_bars_disabled(), are_progress_bars_disabled()
    levels = {each: logging.getLogger(each).level for each in ("datasets", "huggingface_hub", "fsspec")}
    for each in patience:
        setattr(datasets.config, each, _TRIES if each.endswith("_MAX_RETRIES") else _BETWEEN)
    for each in levels:
        logging.getLogger(each).setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    disable_progress_bars()
    try:
        yield
    finally:
        for each, value in patience.items():
            setattr(datasets.config, each, value)
        for each, level in levels.items():
            logging.getLogger(each).setLevel(level)
        if not hidden:
            datasets.enable_progress_bars()
        if not hub_hidden:
            enable_progress_bars()
