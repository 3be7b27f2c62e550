"""Compiled blocks: the same numbers, one compilation for every layer and mask, and none for batches of many shapes."""

from __future__ import annotations

import copy
import shutil

import pytest
import torch

from nlpsuite.backbone.cache import KeyValueCache
from nlpsuite.backbone.compiled import compile_blocks, uncompiled

pytestmark = [
    pytest.mark.skipif(not shutil.which("g++"), reason="torch compiles for a CPU with a C++ compiler"),
    # What torch warns of inside its own compiler would end it here, and nowhere else.
    pytest.mark.filterwarnings("ignore"),
]


def test_blocks_give_the_same_numbers_and_are_compiled_once_for_all(make_backbone, compiler):
    plain = make_backbone(n_layers=4).train()
    compiled = copy.deepcopy(plain)
    compile_blocks(compiled)
    ids = torch.randint(64, (2, 12), generator=torch.Generator().manual_seed(0))
    segments = torch.zeros(2, 12, dtype=torch.int64)
    segments[:, 7:] = 1
    graphs = []
    for mode in ("causal", "bidirectional"):
        for documents in (None, segments):
            expected = plain(ids, mode=mode, segments_BT=documents)
            found = compiled(ids, mode=mode, segments_BT=documents)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
            expected.square().mean().backward()
            found.square().mean().backward()
            graphs.append(compiler["stats"]["unique_graphs"])
    for (name, weight), other in zip(plain.named_parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(other.grad, weight.grad, rtol=1e-3, atol=1e-5, msg=name)
    assert 0 < graphs[0] == graphs[-1] <= 4, "what comes before attention and what comes after, not a graph a layer"

    compiled.eval()
    with uncompiled(compiled), torch.no_grad():
        cache = KeyValueCache(compiled.config, 2, 12, torch.float32, ids.device)
        parts = [compiled(ids[:, at : at + 3], cache=cache) for at in range(0, 12, 3)]
    torch.testing.assert_close(torch.cat(parts, 1), plain.eval()(ids), rtol=1e-4, atol=1e-5)
    assert compiler["stats"]["unique_graphs"] == graphs[-1]


def test_a_network_that_is_not_compiled_does_not_load_the_compiler(make_backbone):
    with uncompiled(make_backbone()) as nothing:
        assert nothing is None
