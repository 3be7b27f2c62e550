"""What every export has in common: a new folder, whole or not at all; the tokenizer; texts to compare on."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from nlpsuite.errors import UserError
from nlpsuite.files import empty, missing_folders, remove_empty, write_json, write_text, writing_to
from nlpsuite.text.json_tokenizer import JsonTokenizer
from nlpsuite.text.to_json import special_template, tokenizer_config, tokenizer_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nlpsuite.text.tokenizer import Tokenizer

Around = Literal["own", "opened", "closed"]
PROBES = (
    "It rained all night, and in the morning the road was gone.",
    "  \u4f60\u597d, 1,234 na\u00efve \u2581 <mask>\n",
    "",
)


@contextmanager
def empty_folder(to: Path, *, beside: Path | None, flag: str = "--to") -> Iterator[None]:
    """Make a new folder to write to; on an error it is as it was before, and so are those above it.

    Args:
        to: The folder.
        beside: A model into which nothing is to be written.
        flag: What names the folder.

    Raises:
        UserError: There is something in it, or it is inside the model.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UserError("the output folder is not empty", where=to, fix=f"give another {flag}")
    if beside is not None and to.resolve().is_relative_to(beside.resolve()):
        raise UserError("the output folder is inside the model", where=to, fix=f"give another {flag}")
    made = missing_folders(to)
    try:
        with writing_to(to):
            to.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        empty(to)
        remove_empty(made)
        raise


def write_tokenizer(to: Path, tokenizer: Tokenizer, context: int, around: Around) -> None:
    """Write `tokenizer.json` and its configuration.

    Args:
        to: The folder.
        tokenizer: The tokenizer.
        context: The most tokens.
        around: Which special tokens other tools are to put around a text: those that the tokenizer came with (`own`); as tasks
            have them, but for the one at the end (`opened`); or all that tasks have (`closed`).
    """
    if isinstance(tokenizer, JsonTokenizer):
        definition, config = tokenizer.definition, dict(tokenizer.config)
        if around == "own":
            tokenizer.save(to)
            return
        # Classes of their own put their own tokens around a text, whatever the definition says.
        config |= {"tokenizer_class": "PreTrainedTokenizerFast"}
        names = {"bos_token": tokenizer.bos_id, "pad_token": tokenizer.pad_id, "sep_token": tokenizer.sep_id}
        config |= {name: tokenizer.piece(index) for name, index in names.items()}
    else:
        definition, config = tokenizer_json(tokenizer), tokenizer_config(tokenizer, context)
    if around != "own":
        template = special_template(tokenizer, closed=around == "closed")
        definition = json.dumps(json.loads(definition) | {"post_processor": template}, ensure_ascii=False)
    write_json(to / "tokenizer_config.json", config)
    write_text(to / "tokenizer.json", definition)


def compare_tokens(tokenizer: Tokenizer, to: Path, *, opened: bool) -> None:
    """Compare the ids of texts by the `tokenizer.json` that was written with those here.

    Args:
        tokenizer: The tokenizer.
        to: The folder.
        opened: Whether to compare them with the special tokens that tasks put before texts and between two.

    Raises:
        UserError: They differ.
    """
    theirs = JsonTokenizer.load(to)
    for text in PROBES:
        ids = tokenizer.encode(text)
        pairs = [(theirs.encode(text), ids)]
        if opened:
            bos, sep = tokenizer.bos_id, tokenizer.sep_id
            pairs += [(theirs.encode_as_others(text), [bos, *ids])]
            pairs += [(theirs.encode_as_others(text, PROBES[0]), [bos, *ids, sep, *tokenizer.encode(PROBES[0])])]
        if any(found != expected for found, expected in pairs):
            fix = "tell us of it; the model itself is whole"
            raise UserError(f"tokenizer.json gives other ids for {text!r}, so nothing was exported", where=to, fix=fix)
