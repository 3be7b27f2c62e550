"""The model card of an exported model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLASSES = {
    "text-generation": "AutoModelForCausalLM",
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
}


def export_card(architecture: str, size: str, pipeline: str, heads: Sequence[str] = ()) -> str:
    """Return the card, in Markdown with front matter.

    Args:
        architecture: The class that reads the model.
        size: The number of its parameters, for people.
        pipeline: What the model is for, by its usual name.
        heads: The tasks whose heads go along in files of our own.
    """
    reader = _CLASSES[pipeline]
    what = "A language model" if pipeline == "text-generation" else f"A model for {pipeline.replace('-', ' ')}"
    return "\n".join(
        [
            "---",
            "library_name: transformers",
            f"pipeline_tag: {pipeline}",
            "tags: [nlpsuite]",
            "---",
            "",
            f"# {what} trained with nlpsuite",
            "",
            f"{size} parameters in the layout of `{architecture}`; no code of its own.",
            "",
            *_own(heads, pipeline),
            "```python",
            f"from transformers import AutoTokenizer, {reader}",
            "",
            f'model = {reader}.from_pretrained("this folder")',
            'tokenizer = AutoTokenizer.from_pretrained("this folder")',
            "```",
            "",
        ]
    )


def _own(heads: Sequence[str], pipeline: str) -> list[str]:
    """Return what is to be known of heads in files of our own."""
    if not heads:
        return []
    lines = [f"It was trained for {', '.join(heads)}: `suite predict THIS_FOLDER FILE` does that."]
    if pipeline == "text-generation":
        lines = [
            lines[0] + " Other tools read the language model alone; they would put a head with random weights on it."
        ]
    if pipeline == "token-classification":
        lines = [lines[0] + ' In a pipeline, `aggregation_strategy="average"` comes nearest to that.']
    return [*lines, ""]
