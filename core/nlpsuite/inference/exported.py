"""What every export has in common: a new folder, whole or not at all; the tokenizer; texts to compare on."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.files import write_json, write_text, writing_to
from nlpsuite.text.json_tokenizer import JsonTokenizer
from nlpsuite.text.to_json import closing_template, tokenizer_config, tokenizer_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nlpsuite.text.tokenizer import Tokenizer

PROBES = (
    "It rained all night, and in the morning the road was gone.",
    "  \u4f60\u597d, 1,234 na\u00efve \u2581 <mask>\n",
    "",
)


@contextmanager
def empty_folder(to: Path) -> Iterator[None]:
    """Make a new folder to write to; on an error it is as it was before.

    Raises:
        UserError: There is something in it.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UserError("the output folder is not empty", where=to, fix="give another --to")
    existed = to.exists()
    try:
        with writing_to(to):
            to.mkdir(parents=True, exist_ok=True)
            yield
    except BaseException:
        shutil.rmtree(to, ignore_errors=True)
        if existed:
            to.mkdir()
        raise


def write_tokenizer(to: Path, tokenizer: Tokenizer, context: int, *, closed: bool = False) -> None:
    """Write `tokenizer.json` and its configuration.

    Args:
        to: The folder.
        tokenizer: The tokenizer.
        context: The most tokens.
        closed: Whether other tools are to put the end of a text behind it, as windows of tasks have it, and not only its
            beginning before it.
    """
    if isinstance(tokenizer, JsonTokenizer):
        tokenizer.save(to)
        definition = tokenizer.definition
    else:
        definition = tokenizer_json(tokenizer)
        write_json(to / "tokenizer_config.json", tokenizer_config(tokenizer, context))
    if closed:
        definition = json.dumps(
            json.loads(definition) | {"post_processor": closing_template(tokenizer)}, ensure_ascii=False
        )
    write_text(to / "tokenizer.json", definition)
