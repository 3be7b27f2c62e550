"""Attention by documents: the same numbers as under a mask, one compilation whatever the documents, and where it is left out."""

from __future__ import annotations

import shutil

import pytest
import torch

from nlpsuite.backbone.attention import PADDING, attend, make_mask
from nlpsuite.backbone.compiled import compile_blocks, uncompiled
from nlpsuite.backbone.documents import TILE

LENGTH = 2 * TILE + 40
COMPILES = shutil.which("g++") and torch.backends.cpu.get_cpu_capability() != "DEFAULT"

# What torch warns of inside its own compiler, or where it is told not to compile, would end a test here, and nowhere else.
pytestmark = pytest.mark.filterwarnings("ignore")


def documents(*ends: int) -> torch.Tensor:
    """A row of documents that end there, and padding after the last."""
    row = torch.full((LENGTH,), PADDING)
    for number, (start, end) in enumerate(zip((0, *ends[:-1]), ends, strict=True)):
        row[start:end] = number
    return row


@pytest.fixture
def segments():
    return torch.stack([documents(3, 90, 130, 280), documents(LENGTH), documents(1, 2, TILE, 2 * TILE)])


@pytest.mark.parametrize("mode", ["causal", "bidirectional"])
def test_tiles_say_what_a_mask_says(segments, mode):
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(3, heads, LENGTH, 16, generator=generator) for heads in (4, 2, 2))
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        tiles = make_mask(mode, LENGTH, segments_BT=segments, by_documents=True)
        found = attend(q, k, v, tiles)
    mask = make_mask(mode, LENGTH, segments_BT=segments)
    assert tiles.blocks is not None
    assert tiles.allowed_B1TS is None
    assert mask.blocks is None
    torch.testing.assert_close(found, attend(q, k, v, mask), rtol=1e-4, atol=1e-5)


def test_tiles_without_a_document_in_common_are_left_out():
    segments = documents(TILE, 2 * TILE, LENGTH)[None]
    with torch.compiler.set_stance("force_eager"):
        tiles = make_mask("causal", LENGTH, segments_BT=segments, by_documents=True)
    assert tiles.blocks is not None
    assert tiles.blocks.to_dense()[0, 0].int().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_other_rows_have_their_mask_still(segments):
    assert make_mask("causal", TILE, segments_BT=segments[:, :TILE], by_documents=True).blocks is None
    assert make_mask("causal", 8, segments_BT=segments, past=LENGTH - 8, by_documents=True).blocks is None
    assert make_mask("prefix", LENGTH, prefix_B=torch.ones(3), segments_BT=segments, by_documents=True).blocks is None
    assert make_mask("causal", LENGTH, by_documents=True).is_causal


@pytest.mark.skipif(not COMPILES, reason="torch compiles it for some processors, with a C++ compiler")
def test_other_documents_are_not_compiled_anew(make_backbone, segments, compiler):
    backbone = make_backbone(context=LENGTH).eval()
    ids = torch.randint(64, (3, LENGTH), generator=torch.Generator().manual_seed(0))
    compile_blocks(backbone)
    graphs = []
    with torch.no_grad():
        for each in (segments, segments.flip(0), documents(LENGTH - 1).expand(3, -1).contiguous()):
            with uncompiled(backbone):
                assert not backbone.by_documents
                expected = backbone(ids, segments_BT=each)
            backbone.by_documents = True
            torch.testing.assert_close(backbone(ids, segments_BT=each), expected, rtol=1e-4, atol=1e-4)
            graphs.append(compiler["stats"]["unique_graphs"])
    assert backbone.by_documents
    assert 0 < graphs[0] == graphs[-1]
