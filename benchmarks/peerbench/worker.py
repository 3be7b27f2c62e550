"""One contestant in a process of its own: train by the clock, score, and print one JSON object as the last line.

python -m peerbench.worker llama --tokens DIR --seconds 60 --lr 1e-3 --rows 16
python -m peerbench.worker score --tokens DIR --model RUN
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.backbone.machine import peak_memory
from nlpsuite.inference.locate import find_backbone

CONTEXT = 256


def main() -> None:
    """Read the command and do it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["gpt2", "llama", "plain", "score"])
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--model")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--at-once", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(json.dumps(score(arguments) if arguments.what == "score" else train(arguments)), flush=True)


def score(arguments: argparse.Namespace) -> dict[str, float]:
    """Score a model of ours."""
    from peerbench.text import bits_per_byte

    backbone, _ = load_backbone(find_backbone(arguments.model))
    backbone.eval()
    return {"bits_per_byte": bits_per_byte(lambda ids: backbone.logits(backbone(ids)), arguments.tokens, CONTEXT)}


def train(arguments: argparse.Namespace) -> dict[str, float]:
    """Train a peer and score it."""
    from peerbench import hf_trainer, plain_loop
    from peerbench.text import bits_per_byte

    how = {
        "context": CONTEXT,
        "seconds": arguments.seconds,
        "lr": arguments.lr,
        "rows": arguments.rows,
        "at_once": arguments.at_once or arguments.rows,
        "seed": arguments.seed,
    }
    if arguments.what == "plain":
        model, found = plain_loop.train(arguments.tokens, **how)
        logits = model.eval()
    else:
        model, found = hf_trainer.train(arguments.what, arguments.tokens, **how)
        logits = hf_trainer.scorer(model)
    # Before scoring, whose batches are its own.
    memory = peak_memory(torch.device("cpu"))
    return {
        **found,
        "parameters": sum(p.numel() for p in model.parameters()),
        "tokens_per_second": found["tokens"] / found["seconds"],
        "peak_memory_bytes": memory,
        "bits_per_byte": bits_per_byte(logits, arguments.tokens, CONTEXT),
    }


if __name__ == "__main__":
    main()
