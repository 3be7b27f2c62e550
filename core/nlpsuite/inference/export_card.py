"""The model card of an exported model."""

from __future__ import annotations

_CLASSES = {
    "text-generation": "AutoModelForCausalLM",
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
}


def export_card(architecture: str, size: str, pipeline: str) -> str:
    """Return the card, in Markdown with front matter.

    Args:
        architecture: The class that reads the model.
        size: The number of its parameters, for people.
        pipeline: What the model is for, by its usual name.
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
            "```python",
            f"from transformers import AutoTokenizer, {reader}",
            "",
            f'model = {reader}.from_pretrained("this folder")',
            'tokenizer = AutoTokenizer.from_pretrained("this folder")',
            "```",
            "",
        ]
    )
