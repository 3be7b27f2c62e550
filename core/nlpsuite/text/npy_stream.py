"""A .npy file written bit by bit, for arrays too long to be held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

_BUFFER = 1 << 20


class NpyStream:
    """A one-dimensional .npy file of unknown length; its header, of a fixed size, is written again by `finish`.

    Args:
        path: The file.
        dtype: Of its values, as numpy names it.
    """

    def __init__(self, path: Path, dtype: str):
        self._dtype = np.dtype(dtype)
        self._length = 0
        self._file = path.open("wb", buffering=_BUFFER)
        self._write_header()
        self._header_size = self._file.tell()

    def __enter__(self) -> NpyStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, values: NDArray[Any]) -> None:
        """Write some more values."""
        self._file.write(values.astype(self._dtype, copy=False).data)
        self._length += len(values)

    def finish(self) -> None:
        """Write the length and close the file."""
        self._file.seek(0)
        self._write_header()
        assert self._file.tell() == self._header_size
        self._file.close()

    def _write_header(self) -> None:
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (self._length,)}
        np.lib.format.write_array_header_1_0(self._file, header)
