"""Text that is safe to show and to log: control characters of the user's text made visible."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joiners shape letters in many scripts and emoji; they move nothing and hide nothing.
_JOINERS = frozenset("\u200c\u200d")


def visible(text: str, keep: str = "") -> str:
    r"""Write control, format and bidirectional characters as escapes such as `\x1b`, `\n`, `\u202e`.

    Args:
        text: Any string, also one with lone surrogates.
        keep: Characters to leave as they are, for example a newline.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or not _is_hidden(c) else _escape(c) for c in text)


def json_visible(text: str) -> str:
    r"""Do the same to JSON text, with JSON's own escapes (`\u001b`), which read back as the very same string."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_json_escape(c) if _is_hidden(c) else c for c in text)


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN and char not in _JOINERS


def _escape(char: str) -> str:
    # The byte order mark and every C1 control come out by number; \t, \n and \r by name.
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
