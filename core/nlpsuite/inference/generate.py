"""Continue a prompt as text, piece by piece, and look at what could come next."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.backbone.sampling import continue_ids, next_token_logits
from nlpsuite.tasks.continuations import never_drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import torch

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.backbone.sampling import Sampling
    from nlpsuite.text.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class NextToken:
    """A token that could come next.

    Attributes:
        id: Its id.
        token: The token for people to read.
        probability: The model's own, at temperature 1.
    """

    id: int
    token: str
    probability: float


@dataclass(frozen=True, slots=True)
class Continuation:
    """What came after a prompt.

    Attributes:
        text: The new text.
        tokens: The tokens drawn, the end of the document included where it came.
        ended: Whether the document ended by itself.
    """

    text: str
    tokens: int
    ended: bool


def prompt_ids(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """Return the ids of a prompt as documents begin: <s>, then the text.

    Raises:
        UserError: The prompt holds a lone surrogate.
    """
    return [tokenizer.bos_id, *tokenizer.encode(prompt)]


def likely_next(backbone: Backbone, tokenizer: Tokenizer, ids: Sequence[int], number: int) -> list[NextToken]:
    """Return the `number` likeliest tokens after `ids`, likeliest first.

    Args:
        backbone: In eval mode.
        tokenizer: Its tokenizer.
        ids: The prompt, at least one token; of a longer one than the context the end counts.
        number: How many; all of the vocabulary at most.
    """
    probability_V = next_token_logits(backbone, ids)[: tokenizer.vocab_size].double().softmax(0)
    best = probability_V.topk(min(number, len(probability_V)))
    return [
        NextToken(index, tokenizer.piece(index), probability)
        for index, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]


def continue_text(
    backbone: Backbone,
    tokenizer: Tokenizer,
    ids: Sequence[int],
    *,
    max_new: int,
    sampling: Sampling,
    generator: torch.Generator,
    write: Callable[[str], None] = lambda part: None,
) -> Continuation:
    """Continue a prompt until the document ends or `max_new`; no other special token is ever drawn.

    Args:
        backbone: In eval mode.
        tokenizer: Its tokenizer.
        ids: The prompt, at least one token.
        max_new: The most tokens to draw.
        sampling: How to draw.
        generator: On the CPU; the only source of chance.
        write: Given each part of the text as it comes, whole characters only.
    """
    drawn: list[int] = []
    parts: list[str] = []

    def kept() -> Iterator[int]:
        for index in continue_ids(
            backbone,
            ids,
            max_new=max_new,
            sampling=sampling,
            generator=generator,
            stop_ids=[tokenizer.eos_id],
            banned_ids=never_drawn(tokenizer, backbone.config.vocab_size),
        ):
            drawn.append(index)
            yield index

    for part in stream_text(tokenizer, kept()):
        parts.append(part)
        write(part)
    ended = len(drawn) < max_new
    return Continuation("".join(parts), len(drawn) + ended, ended)


def stream_text(tokenizer: Tokenizer, ids: Iterable[int]) -> Iterator[str]:
    """Decode tokens as they come, never half a character: bytes wait until their character is whole.

    Bytes that are no UTF-8 become U+FFFD. Joined, the parts are the text of all ids.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for index in ids:
        if text := decoder.decode(tokenizer.piece_bytes(index)):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text
