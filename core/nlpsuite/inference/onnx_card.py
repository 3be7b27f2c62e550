"""The page that goes with an ONNX graph: what goes in, what comes out, and a program that runs it without nlpsuite."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUN = """
```python
import numpy as np, onnxruntime, tokenizers

session = onnxruntime.InferenceSession("model.onnx")
tokenizer = tokenizers.Tokenizer.from_file("tokenizer.json")
tokenizer.enable_padding()
encoded = tokenizer.encode_batch(["A first text.", "And another one, which is longer."])
inputs = {
    "input_ids": np.array([each.ids for each in encoded], np.int64),
    "attention_mask": np.array([each.attention_mask for each in encoded], np.int64),
}"""
_NGRAMS = """
import json
from pathlib import Path
from nlpsuite.tasks.ngrams import ngram_bag  # what the n-grams of a text are; with zeros in place of them the rest still scores

place = {key: number for number, key in enumerate(json.loads(Path("graph.json").read_text())["ngram_keys"])}
bags = [ngram_bag(text) for text in ["A first text.", "And another one, which is longer."]]
known = [[(place[k], c) for k, c in zip(bag.keys.tolist(), bag.counts) if k in place] or [(0, 0.0)] for bag in bags]
width = max(map(len, known))
padded = np.array([each + [(0, 0.0)] * (width - len(each)) for each in known])
inputs |= {"ngram_places": padded[:, :, 0].astype(np.int64), "ngram_counts": padded[:, :, 1].astype(np.float32)}"""
_OTHERS = """
# and the other inputs: what `tensors` of the task's graph in nlpsuite makes of a text"""


def graph_card(task: str | None, inputs: Mapping[str, tuple[str, ...]]) -> str:
    """Return the page, in Markdown.

    Args:
        task: The task's name; None: a language model.
        inputs: What goes in beside the token ids, and the axes of each.
    """
    name = "A language model" if task is None else f"A model for the task `{task}`"
    extra = _NGRAMS if "ngram_places" in inputs else _OTHERS if inputs else ""
    return "\n".join(
        [
            f"# {name}, as an ONNX graph",
            "",
            "Made by `suite export --format onnx`, and compared in onnxruntime with the model it was made of.",
            "",
            "- `input_ids`, `attention_mask` (batch, tokens), int64: token ids, and 1 where one is real.",
            *(f"- `{each}` ({', '.join(axes)})" for each, axes in inputs.items()),
            "",
            "`graph.json` names all inputs, outputs and their axes, and what is needed to read the outputs, such as labels.",
            *_RUN.splitlines(),
            *extra.splitlines(),
            "scores = session.run(None, inputs)[0]",
            "```",
            "",
        ]
    )
