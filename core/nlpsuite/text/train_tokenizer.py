"""Training a tokenizer: SentencePiece BPE with byte fallback, without normalisation, so that nothing is ever lost."""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

import sentencepiece

from nlpsuite.errors import UserError
from nlpsuite.text.tokenizer import MASK_PIECE, SEP_PIECE, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nlpsuite.report import Reporter

SAMPLE_BYTES = 64_000_000
"""The most text worth training on: about 10 seconds and 0.6 GB; more changes hardly a piece."""

MIN_VOCAB_SIZE = 264
"""6 special tokens, 256 bytes, the space, and one character."""

_SPACE_MARK = "\u2581"
# SentencePiece drops every sentence that holds its own mark for unknown characters.
_RESERVED = _SPACE_MARK + "\u2585"
_FIRST_FREE = MIN_VOCAB_SIZE - 2
_COVERAGE = 0.9995
# Chinese has thousands of characters. On Chinese Wikipedia at 8192 pieces, giving single characters 40 % of the free
# pieces and writing rarer ones as bytes gave the fewest tokens (3.36 bytes a token, against 3.04 at full coverage).
_ALPHABET_SHARE = 0.4
# The trainer addresses symbols within a word by 16 bits.
_LONGEST = 10_000
# The number is written into the model, so a fixed one gives the same bytes on every machine; more gain little.
_THREADS = 4


def train_tokenizer(lines: Iterable[str], *, vocab_size: int, report: Reporter) -> Tokenizer:
    """Train a byte-pair tokenizer on lines of text; the same lines give the same model, byte for byte.

    Every text can be encoded afterwards: characters too rare for a piece of their own are written as UTF-8 bytes. Text
    too small for the vocabulary gives a smaller one, which is reported.

    Args:
        lines: Text, of about `SAMPLE_BYTES` at most; held in memory.
        vocab_size: The number of pieces, special tokens and bytes included.
        report: Where the outcome is told.

    Raises:
        UserError: `vocab_size` is below `MIN_VOCAB_SIZE`, or the lines hold no visible character.
    """
    if vocab_size < MIN_VOCAB_SIZE:
        fix = f"give at least {MIN_VOCAB_SIZE}; 8192 suits a small model"
        raise UserError(f"vocabulary size {vocab_size} is too small", where="vocab_size", fix=fix)
    held = list(lines)
    alphabet, coverage = _alphabet(held, limit=max(1, int(_ALPHABET_SHARE * (vocab_size - _FIRST_FREE))))
    tokenizer = Tokenizer(_train(_sentences(held, alphabet), vocab_size))
    report.say(
        f"tokenizer: {tokenizer.vocab_size:,} pieces, {len(alphabet):,} single characters that cover "
        f"{coverage:.2%} of the text; rarer ones are written as bytes"
    )
    if tokenizer.vocab_size < vocab_size:
        report.warn(
            f"the text is too small for {vocab_size:,} pieces; the vocabulary has {tokenizer.vocab_size:,}, "
            "and more text would fill it"
        )
    return tokenizer


def _alphabet(lines: Sequence[str], limit: int) -> tuple[str, float]:
    """Choose the characters that get pieces of their own, and say which share of the text they are."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(line)
    usable = {character: count for character, count in counts.items() if _is_usable(character)}
    if not usable:
        raise UserError("there is no text to train a tokenizer on", fix="give text with words in it")
    space = counts.get(" ", 0)
    total = sum(usable.values()) + space
    chosen: list[str] = []
    covered = space
    # By character where counts are equal, so that the choice does not hang on the order of the lines.
    for character, count in sorted(usable.items(), key=lambda item: (-item[1], item[0])):
        if len(chosen) >= limit or (chosen and covered >= _COVERAGE * total):
            break
        chosen.append(character)
        covered += count
    return "".join(chosen), covered / total


def _is_usable(character: str) -> bool:
    # Pieces hold no control characters: a newline or a tab is always a token of its own.
    return character not in _RESERVED and unicodedata.category(character) not in ("Cc", "Cs", "Zs", "Zl", "Zp")


def _sentences(lines: Sequence[str], alphabet: str) -> Iterator[str]:
    """Cut the lines at every character outside the alphabet, so that no piece is learned across one."""
    outside = re.compile(f"[^ {re.escape(alphabet)}]+")
    for line in lines:
        for part in outside.split(line):
            for start in range(0, len(part), _LONGEST):
                yield part[start : start + _LONGEST]


def _train(sentences: Iterator[str], vocab_size: int) -> bytes:
    model = io.BytesIO()
    trainer: Any = sentencepiece.SentencePieceTrainer
    trainer.train(
        sentence_iterator=sentences,
        model_writer=model,
        model_type="bpe",
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        byte_fallback=True,
        character_coverage=1.0,
        # Without it, text that holds no space gives a model that cannot write one.
        required_chars=_SPACE_MARK,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        split_digits=True,
        max_sentence_length=8 * _LONGEST,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        control_symbols=[MASK_PIECE, SEP_PIECE],
        num_threads=_THREADS,
        minloglevel=2,
    )
    return model.getvalue()
