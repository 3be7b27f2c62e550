from __future__ import annotations

import pytest
import torch
from torch import nn

from nlpsuite.backbone.checkpoint import save_backbone
from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone, RMSNorm, rotary, rotate

CLOSE = {"atol": 1e-5, "rtol": 1e-4}


def draw_ids(rows: int, length: int, vocab: int = 64, seed: int = 1) -> torch.Tensor:
    return torch.randint(0, vocab, (rows, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_kv_heads": 4},
        {"n_kv_heads": 1},
        {"tied": False},
        {"tied": False, "n_kv_heads": 4, "head_dim": 4},
        {"rope_theta": 1_000_000.0, "norm_eps": 1e-5, "d_model": 24, "n_layers": 3},
    ],
    ids=lambda changes: ",".join(changes) or "default",
)
def test_logits_equal_those_of_qwen3(tmp_path, make_backbone, tiny_tokenizer, changes):
    transformers = pytest.importorskip("transformers")
    backbone = make_backbone(vocab_size=tiny_tokenizer.vocab_size, **changes)
    save_backbone(tmp_path, backbone, tiny_tokenizer)
    theirs, info = transformers.Qwen3ForCausalLM.from_pretrained(
        tmp_path, local_files_only=True, dtype=torch.float32, output_loading_info=True
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    ids = draw_ids(3, 32, tiny_tokenizer.vocab_size)
    with torch.no_grad():
        ours = backbone.logits(backbone(ids))
        expected = theirs.eval()(input_ids=ids).logits
    assert ours.shape == expected.shape == (3, 32, tiny_tokenizer.vocab_size)
    assert expected.std() > 0.1
    assert (ours - expected).abs().max() < 1e-4


@pytest.mark.parametrize("mode", ["causal", "bidirectional"])
def test_a_document_does_not_depend_on_its_neighbours_in_the_row(make_backbone, mode):
    backbone = make_backbone()
    ids = draw_ids(1, 24)
    segments = torch.tensor([[0] * 9 + [1] * 8 + [2] * 7])
    packed = backbone(ids, mode=mode, segments_BT=segments)
    for start, end in ((0, 9), (9, 17), (17, 24)):
        # Positions are relative, so alone, at the start of a row, the document gets the same states.
        torch.testing.assert_close(packed[:, start:end], backbone(ids[:, start:end], mode=mode), **CLOSE)
    changed = ids.clone()
    changed[:, :9] = draw_ids(1, 9, seed=2)
    changed[:, 17:] = draw_ids(1, 7, seed=3)
    again = backbone(changed, mode=mode, segments_BT=segments)
    assert torch.equal(again[:, 9:17], packed[:, 9:17])
    assert not torch.allclose(again[:, :9], packed[:, :9])


def test_without_segments_neighbours_do_matter(make_backbone):
    backbone = make_backbone()
    ids = draw_ids(1, 12)
    assert not torch.allclose(backbone(ids)[:, 6:], backbone(ids[:, 6:]), atol=1e-3)


@pytest.mark.parametrize("mode", ["causal", "bidirectional", "prefix"])
def test_padding_changes_nothing(make_backbone, mode):
    backbone = make_backbone()
    ids = draw_ids(2, 20)
    lengths = (13, 20)
    segments = torch.stack([torch.where(torch.arange(20) < n, 0, -1) for n in lengths])
    prefix = torch.tensor([5, 8]) if mode == "prefix" else None
    padded = backbone(ids, mode=mode, segments_BT=segments, prefix_B=prefix)
    assert bool(padded.isfinite().all())
    for row, n in enumerate(lengths):
        alone = backbone(ids[row : row + 1, :n], mode=mode, prefix_B=None if prefix is None else prefix[row : row + 1])
        torch.testing.assert_close(padded[row : row + 1, :n], alone, **CLOSE)
    other = ids.clone()
    other[0, 13:] = 7
    again = backbone(other, mode=mode, segments_BT=segments, prefix_B=prefix)
    assert torch.equal(again[0, :13], padded[0, :13])


@pytest.mark.parametrize("mode", ["causal", "bidirectional"])
def test_rows_of_a_batch_are_independent(make_backbone, mode):
    backbone = make_backbone()
    ids = draw_ids(4, 16)
    together = backbone(ids, mode=mode)
    for row in range(4):
        torch.testing.assert_close(together[row : row + 1], backbone(ids[row : row + 1], mode=mode), **CLOSE)


def changed_positions(backbone: Backbone, ids: torch.Tensor, at: int, **options) -> list[int]:
    other = ids.clone()
    other[0, at] = (ids[0, at] + 1) % 64
    difference = (backbone(ids, **options) - backbone(other, **options)).abs().amax(-1)[0]
    return torch.nonzero(difference > 1e-6).flatten().tolist()


def test_who_sees_a_change_in_each_mode(make_backbone):
    backbone = make_backbone()
    ids = draw_ids(1, 10)
    prefix = {"mode": "prefix", "prefix_B": torch.tensor([4])}
    everywhere = list(range(10))
    assert changed_positions(backbone, ids, 6, mode="causal") == [6, 7, 8, 9]
    assert changed_positions(backbone, ids, 6, mode="bidirectional") == everywhere
    assert changed_positions(backbone, ids, 2, **prefix) == everywhere
    assert changed_positions(backbone, ids, 6, **prefix) == [6, 7, 8, 9]


def test_prefix_of_nothing_is_causal_and_of_everything_is_bidirectional(make_backbone):
    backbone = make_backbone()
    ids = draw_ids(2, 10)
    nothing = backbone(ids, mode="prefix", prefix_B=torch.tensor([0, 0]))
    torch.testing.assert_close(nothing, backbone(ids), **CLOSE)
    everything = backbone(ids, mode="prefix", prefix_B=torch.tensor([10, 10]))
    torch.testing.assert_close(everything, backbone(ids, mode="bidirectional"), **CLOSE)


def test_a_row_longer_than_the_context_is_refused(make_backbone):
    with pytest.raises(ValueError, match="33 positions do not fit the context of 32"):
        make_backbone()(draw_ids(1, 33))


def test_dropout_only_in_training(make_backbone):
    backbone = make_backbone()
    ids = draw_ids(1, 8)
    assert torch.equal(backbone(ids, dropout=0.5), backbone(ids))
    torch.manual_seed(0)
    assert not torch.allclose(backbone.train()(ids, dropout=0.5), backbone(ids))
    assert torch.equal(backbone(ids, dropout=0.0), backbone.eval()(ids))


def poisoned(**changes) -> Backbone:
    shape = {"vocab_size": 64, "context": 16, "d_model": 16, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1}
    backbone = Backbone(BackboneConfig(**(shape | {"head_dim": 8, "d_ff": 24} | changes)))
    for parameter in backbone.parameters():
        nn.init.constant_(parameter, float("nan"))
    return backbone


@pytest.mark.parametrize("changes", [{}, {"tied": False}, {"qkv_bias": True, "qk_norm": False}])
def test_initialise_sets_every_weight_from_the_seed_alone(changes):
    one, two, other = (poisoned(**changes) for _ in range(3))
    torch.manual_seed(1)
    one.initialise(5)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    two.initialise(5)
    assert torch.equal(torch.get_rng_state(), before)
    other.initialise(6)
    for (name, first), second in zip(one.named_parameters(), two.parameters(), strict=True):
        assert bool(first.isfinite().all()), name
        assert torch.equal(first, second), name
    assert not torch.equal(one.embedding.weight, other.embedding.weight)
    assert not torch.equal(one.blocks[0].mlp.gate.weight, one.blocks[1].mlp.gate.weight)


def test_initial_scales_are_as_documented():
    backbone = poisoned(vocab_size=512, d_model=128, d_ff=256, head_dim=32)
    backbone.initialise(0)
    block = backbone.blocks[0]
    assert backbone.embedding.weight.std().item() == pytest.approx(0.02, rel=0.05)
    for linear in (block.attention.q, block.attention.k, block.attention.v, block.mlp.gate, block.mlp.up):
        assert linear.weight.std().item() == pytest.approx(128**-0.5, rel=0.05)
    assert not block.attention.o.weight.any()
    assert not block.mlp.down.weight.any()
    assert bool((block.attention.q_norm.weight == 1).all())
    # With zero output projections a fresh network is the embedding, normalised.
    ids = draw_ids(1, 8, 512)
    torch.testing.assert_close(backbone(ids), backbone.norm(backbone.embedding(ids)))


def test_count_of_parameters_is_as_the_config_says(make_backbone):
    for changes in ({}, {"tied": False}, {"qkv_bias": True}, {"qk_norm": False, "n_kv_heads": 4}):
        backbone = make_backbone(**changes)
        assert sum(parameter.numel() for parameter in backbone.parameters()) == backbone.config.parameters


def test_tied_output_is_the_embedding(make_backbone):
    tied, untied = make_backbone(), make_backbone(tied=False)
    assert tied.output_weight is tied.embedding.weight
    assert untied.output_weight is not untied.embedding.weight


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_rms_norm_is_stable_under_bf16_autocast(scale):
    norm = RMSNorm(64, 1e-6)
    nn.init.normal_(norm.weight, 1.0, 0.1, generator=torch.Generator().manual_seed(0))
    x = torch.randn(5, 64, generator=torch.Generator().manual_seed(1)) * scale
    for dtype, tolerance in ((torch.float32, 1e-5), (torch.bfloat16, 8e-3)):
        given = x.to(dtype)
        exact = given.double() * torch.rsqrt(given.double().square().mean(-1, keepdim=True) + 1e-6) * norm.weight
        with torch.autocast("cpu", torch.bfloat16):
            out = norm(given)
        assert out.dtype == dtype
        torch.testing.assert_close(out.double(), exact, rtol=tolerance, atol=tolerance * 1e-2)


def test_bf16_autocast_stays_close_to_float32(make_backbone):
    backbone = make_backbone(std=0.1)
    ids = draw_ids(2, 16)
    exact = backbone(ids)
    with torch.autocast("cpu", torch.bfloat16):
        rough = backbone(ids)
    assert (rough.float() - exact).norm() / exact.norm() < 0.03


def test_gradients_reach_every_weight(make_backbone):
    backbone = make_backbone().train()
    backbone.logits(backbone(draw_ids(2, 8))).square().mean().backward()
    for name, parameter in backbone.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.any()), name


def test_rotation_depends_on_distance_only(make_backbone):
    config = make_backbone().config
    query, key = torch.randn(2, 1, 1, 1, config.head_dim, generator=torch.Generator().manual_seed(0))

    def score(at: int, distance: int) -> float:
        turned = rotate(query, rotary(at + distance, 1, config, query.device))
        return float((turned * rotate(key, rotary(at, 1, config, key.device))).sum())

    assert score(3, 4) == pytest.approx(score(20, 4), abs=1e-5)
    assert score(3, 4) != pytest.approx(score(3, 5), abs=1e-3)
