"""A temporary copy of text that comes through a pipe: the text is read more than once, a pipe is not."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import weakref
from pathlib import Path
from typing import BinaryIO

from nlpsuite.errors import UserError
from nlpsuite.text.kinds import Compression, Kind, by_content

_BLOCK = 1 << 20


class Spool:
    """The copy of one stream; it is removed by `close`, or when this object or the process ends.

    Attributes:
        path: Where the copy lies, under the system's folder for temporary files (`TMPDIR`).
        kind: What the text looks like.
        compression: How it is compressed.
        content_hash: A hash of its bytes.
    """

    def __init__(self, stream: BinaryIO, name: str):
        handle, path = tempfile.mkstemp(prefix="nlpsuite-", suffix=".text")
        self.path = Path(path)
        self._remove = weakref.finalize(self, _unlink, self.path, os.getpid())
        digest, head = hashlib.blake2b(digest_size=16), b""
        try:
            with os.fdopen(handle, "wb") as copy:
                while block := stream.read(_BLOCK):
                    head = head or block
                    digest.update(block)
                    copy.write(block)
        except OSError as error:
            self.close()
            raise UserError(
                f"cannot be copied to a temporary file ({error.strerror})",
                where=name,
                fix="set TMPDIR to a folder with room",
            ) from None
        if not head:
            self.close()
            raise UserError("no text came", where=name, fix="pipe text into the command")
        kind, compression = by_content(head)
        self.kind: Kind = kind
        self.compression: Compression = compression
        self.content_hash = digest.hexdigest()

    @classmethod
    def from_stdin(cls) -> Spool:
        """Copy standard input.

        Raises:
            UserError: It is empty, or the disk is full.
        """
        return cls(sys.stdin.buffer, "<stdin>")

    @classmethod
    def from_pipe(cls, path: Path) -> Spool:
        """Copy what comes out of a named pipe, such as the shell's `<(command)`.

        Raises:
            UserError: It is empty, or the disk is full.
        """
        with path.open("rb") as stream:
            return cls(stream, str(path))

    def close(self) -> None:
        """Remove the copy."""
        self._remove()


def _unlink(path: Path, owner: int) -> None:
    """Remove the copy, but not when a forked worker process ends."""
    if os.getpid() == owner:
        path.unlink(missing_ok=True)
