"""From a question and its context to windows, with what the head needs, and to tensors for a batch of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.api import Window, pair_spans
from nlpsuite_qa.features import N_FEATURES, match

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from nlpsuite.api import Batch, Tokenizer
    from nlpsuite_qa.rarity import Rarity
    from nlpsuite_qa.view import ContextView, TokenSpans


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What the head and the decoder need to know of a window.

    Attributes:
        question_end: The place of `<sep>`: the question is before it.
        context_begin: The place of the first token of the context.
        context_start: Which token of the whole context that is.
        features_TF: uint8, of each token of the context in the window, in steps of 1 / 255.
        spans: The characters of all tokens of the whole context.
    """

    question_end: int
    context_begin: int
    context_start: int
    features_TF: NDArray[np.uint8]
    spans: TokenSpans


@dataclass(frozen=True, slots=True)
class HeadInputs:
    """What the head takes beside hidden states, as `QaHead.forward` describes it."""

    features_BTF: Tensor
    question_BT: Tensor
    context_BT: Tensor
    edges_BT: Tensor


@dataclass(frozen=True, slots=True)
class Cut:
    """How windows are cut.

    Attributes:
        tokenizer: For ids.
        context: The most tokens in a window.
        overlap: Of one window with the next.
        rarity: How rare words are.
    """

    tokenizer: Tokenizer
    context: int
    overlap: float
    rarity: Rarity


def qa_windows(question: str, view: ContextView, cut: Cut, answers: Sequence[tuple[int, int]] | None) -> list[Window]:
    """Return windows `<s> question <sep> context </s>` that cover both.

    The target of a window is the right spans in it as (first, last) tokens, none where it does not hold the answer. Windows with
    the answer carry half of the row's weight together, the others the other half. Where there is an answer, but it fits into none
    of them, all have a weight of nothing: that there is no answer in them is not what the row says.

    Args:
        question: The question.
        view: The context.
        cut: How to cut.
        answers: The right answers as spans of characters; None where they are not known.
    """
    question_ids = np.array(cut.tokenizer.encode(question), np.int32)
    features_TF = match(view, question, cut.rarity)
    right = [] if answers is None else [_tokens(view.spans, start, end) for start, end in answers]
    windows: list[Window] = []
    for pair in pair_spans(len(question_ids), len(view.ids_T), cut.context, cut.overlap):
        (first, last), (start, end) = pair.first, pair.second
        begin = pair.second_offset
        facts = WindowFacts(
            question_end=begin - 1,
            context_begin=begin,
            context_start=start,
            features_TF=features_TF[start:end],
            spans=view.spans,
        )
        framed = (
            [cut.tokenizer.bos_id],
            question_ids[first:last],
            [cut.tokenizer.sep_id],
            view.ids_T[start:end],
            [cut.tokenizer.eos_id],
        )
        target = None
        if answers is not None:
            target = tuple((i - start + begin, j - start + begin) for i, j in right if i >= start and j < end)
        windows.append(Window(np.concatenate(framed).astype(np.int32), target, features=facts))
    if right and not any(window.target for window in windows):
        return [replace(window, weight=0.0) for window in windows]
    return _weighted(windows)


def head_inputs(batch: Batch) -> HeadInputs:
    """Put what the head needs of a batch's windows side by side."""
    import torch

    shape = tuple(batch.ids_BT.shape)
    features = np.zeros((*shape, N_FEATURES), np.uint8)
    bounds = np.zeros((len(batch.windows), 3), np.int64)
    # White space alone is no answer, so no span begins or ends with it; it may stand inside one.
    edges = np.zeros(shape, np.bool_)
    for index, window in enumerate(batch.windows):
        facts: WindowFacts = window.features
        begin, end = facts.context_begin, facts.context_begin + len(facts.features_TF)
        features[index, begin:end] = facts.features_TF
        bounds[index] = facts.question_end, begin, end
        here = slice(facts.context_start, facts.context_start + end - begin)
        edges[index, begin:end] = facts.spans.begin_T[here] < facts.spans.end_T[here]
    places = np.arange(shape[1])
    question = places < bounds[:, :1]
    context = (places >= bounds[:, 1:2]) & (places < bounds[:, 2:])

    def on_device(array: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(array).to(batch.ids_BT.device)

    return HeadInputs(on_device(features) / 255, on_device(question), on_device(context), on_device(edges))


def _tokens(spans: TokenSpans, start: int, end: int) -> tuple[int, int]:
    """Return the first and last tokens that hold characters of a span."""
    first = int(np.searchsorted(spans.end_T, start, side="right"))
    last = int(np.searchsorted(spans.begin_T, end, side="left")) - 1
    return first, max(first, last)


def _weighted(windows: Sequence[Window]) -> list[Window]:
    holding = sum(bool(window.target) for window in windows)
    others = len(windows) - holding
    if not holding or not others:
        return [replace(window, weight=1 / len(windows)) for window in windows]
    return [replace(window, weight=0.5 / (holding if window.target else others)) for window in windows]
