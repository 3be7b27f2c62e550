"""What memory pretraining will take, estimated before it starts, for the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlpsuite.backbone.config import BackboneConfig
    from nlpsuite.training.pretraining.data import StepRows
    from nlpsuite.training.pretraining.settings import PretrainSettings

LIBRARIES = 500e6
"""What a process takes with all libraries imported, in bytes."""


def peak_memory(shape: BackboneConfig, rows: StepRows, settings: PretrainSettings) -> float:
    """Estimate the most bytes that one device holds: weights, gradients, the optimiser, and what a step works in.

    Args:
        shape: The network.
        rows: How a step is divided.
        settings: Optimiser and strategy.
    """
    muon = settings.optimizer.name == "muon"
    states = 4.0 + 4 + (4 if muon else 8)
    # A divided network is whole, without its gradients and the rest, when it is validated and saved.
    if settings.strategy == "fsdp" and rows.world > 1:
        states = 4 + states / rows.world
    activations = rows.at_once * shape.context * shape.n_layers * (12 * shape.d_model + 5 * shape.d_ff) * 4
    # The update begins where the activations are gone.
    return LIBRARIES + shape.parameters * states + max(activations, _muon_scratch(shape) if muon else 0)


def _muon_scratch(shape: BackboneConfig) -> int:
    """Return the bytes that Muon works in: all look-aheads, and four copies of the matrices of the commonest shape."""
    gates = 2 * shape.n_layers * shape.d_model * shape.d_ff
    return 4 * (shape.block_parameters + 4 * gates)
