"""A task's head as a Hugging Face model has it, and whether what was written computes the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from safetensors import safe_open

from nlpsuite.backbone.families import family_of
from nlpsuite.backbone.weights import QUESTIONS_ROOT, ROOT, weight_files
from nlpsuite.backbone.writing import SharedHead

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from nlpsuite.backbone.config import BackboneConfig
    from nlpsuite.tasks.portable import PortableHead

_FAMILY_NAMES = {"qwen3": "Qwen3", "qwen2": "Qwen2", "llama": "Llama"}
_PIPELINES = {
    "SequenceClassification": "text-classification",
    "TokenClassification": "token-classification",
    "QuestionAnswering": "question-answering",
}


def architecture_of(head: PortableHead, shape: BackboneConfig) -> str:
    """Return the name of the class that reads a model with this head."""
    return f"{_FAMILY_NAMES[family_of(shape)]}For{head.kind}"


def pipeline_of(head: PortableHead) -> str:
    """Return the name of the task for the front matter of a model card."""
    return _PIPELINES[head.kind]


def shared_head(head: PortableHead, shape: BackboneConfig) -> SharedHead:
    """Return a head as a Hugging Face model has it."""
    questions = head.kind == "QuestionAnswering"
    layer = "qa_outputs" if questions else "score"
    config: dict[str, Any] = {"architectures": [architecture_of(head, shape)]}
    if head.labels:
        config["id2label"] = {str(number): name for number, name in enumerate(head.labels)}
        config["label2id"] = {name: number for number, name in enumerate(head.labels)}
    if head.kind == "SequenceClassification":
        config["problem_type"] = "multi_label_classification" if head.several else "single_label_classification"
    weights = {f"{layer}.weight": head.weight_CD}
    if head.bias_C is not None:
        weights[f"{layer}.bias"] = head.bias_C
    return SharedHead(config, weights, QUESTIONS_ROOT if questions else ROOT)


def head_scores(hidden_BTD: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    """Return what a head says of each token, float32 (B, T, C)."""
    weight_CD = next(value for name, value in weights.items() if name.endswith("weight"))
    bias_C = next((value for name, value in weights.items() if name.endswith("bias")), None)
    scores: Tensor = torch.nn.functional.linear(
        hidden_BTD, weight_CD.float(), None if bias_C is None else bias_C.float()
    )
    return scores


def read_head(folder: Path, names: list[str]) -> dict[str, Tensor]:
    """Read the weights of a head back from where they were written."""
    found: dict[str, Tensor] = {}
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            found |= {name: file.get_tensor(name) for name in names if name in file.keys()}  # noqa: SIM118
    return found
