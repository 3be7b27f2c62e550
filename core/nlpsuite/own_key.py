"""A key that every user has of their own, by which files that only they can have written are known.

A name in a file proves nothing: whoever sends the file writes the name. The key lies in the user's settings folder and is
sent nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path


def sign(text: str) -> str:
    """Return the signature of a text by this user's key, made if need be; empty where none can be kept."""
    key = _key()
    return "" if key is None else hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def is_signed(text: str, signature: str) -> bool:
    """Whether this user signed a text. Where no key can be kept nothing is signed, and an empty signature is as good as any."""
    key = _key()
    if key is None:
        return not signature
    expected = hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def _key() -> bytes | None:
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    place = Path(base) / "nlpsuite" / "key"
    try:
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            # Whole at once, and only if no other process was faster.
            temporary = place.with_name(f".key.{secrets.token_hex(4)}.tmp")
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
            try:
                os.link(temporary, place)
            except FileExistsError:
                pass
            finally:
                temporary.unlink(missing_ok=True)
        return place.read_bytes() or None
    except OSError:
        return None
