"""Adapters on disk: in the layout of PEFT, both ways."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file, save_file

from nlpsuite.backbone.adapter_files import adapters_of, save_adapters
from nlpsuite.backbone.checkpoint import backbone_sha256, load_backbone
from nlpsuite.backbone.lora import LoRALinear, add_adapters, merge_adapters
from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

IDS = torch.tensor([[1, 20, 30, 40, 2]])


@pytest.fixture
def trained(backbone_folder: Path, tmp_path: Path) -> tuple[Path, torch.Tensor]:
    """A folder of adapters with random weights, and the logits of the backbone with them merged."""
    backbone, _ = load_backbone(backbone_folder)
    add_adapters(backbone, rank=2, alpha=6.0, seed=0)
    with torch.no_grad():
        for module in backbone.modules():
            if isinstance(module, LoRALinear):
                module.second_OR.normal_(std=0.1, generator=torch.Generator().manual_seed(0))
    adapters = adapters_of(backbone, base=str(backbone_folder), base_sha256=backbone_sha256(backbone_folder), alpha=6.0)
    save_adapters(tmp_path / "adapters", adapters)
    merge_adapters(backbone)
    return tmp_path / "adapters", backbone.logits(backbone(IDS)).detach()


def change(folder: Path, **entries: object) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def test_what_is_read_is_what_was_trained(trained: tuple[Path, torch.Tensor], backbone_folder: Path):
    folder, logits = trained
    backbone, tokenizer = load_backbone(folder)
    assert torch.equal(backbone.logits(backbone(IDS)), logits)
    assert tokenizer.sha256 == load_backbone(backbone_folder)[1].sha256


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_peft_reads_them(trained: tuple[Path, torch.Tensor], backbone_folder: Path):
    peft, transformers = pytest.importorskip("peft"), pytest.importorskip("transformers")
    folder, logits = trained
    theirs = transformers.AutoModelForCausalLM.from_pretrained(backbone_folder)
    adapted = peft.PeftModel.from_pretrained(theirs, folder)
    assert not adapted.peft_config["default"].lora_dropout
    torch.testing.assert_close(adapted(IDS).logits, logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(adapted.merge_and_unload()(IDS).logits, logits, atol=1e-4, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("rslora", [False, True])
def test_those_of_peft_are_read(backbone_folder: Path, tmp_path: Path, rslora: bool):
    peft, transformers = pytest.importorskip("peft"), pytest.importorskip("transformers")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(backbone_folder)
    config = peft.LoraConfig(r=4, lora_alpha=3, target_modules=["q_proj", "down_proj"], use_rslora=rslora)
    adapted = peft.get_peft_model(theirs, config)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1, generator=torch.Generator().manual_seed(1))
    adapted.save_pretrained(tmp_path / "theirs")
    change(tmp_path / "theirs", base_model_name_or_path=str(backbone_folder))
    ours, _ = load_backbone(tmp_path / "theirs")
    torch.testing.assert_close(ours.logits(ours(IDS)), adapted(IDS).logits, atol=1e-4, rtol=1e-4)


def test_adapters_to_adapters(trained: tuple[Path, torch.Tensor], backbone_folder: Path, tmp_path: Path):
    folder, _ = trained
    shutil.copytree(folder, tmp_path / "second")
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file(tensors, tmp_path / "second" / "adapter_model.safetensors")
    change(tmp_path / "second", base_model_name_or_path=str(folder))
    name = "blocks.0.attention.q.weight"
    plain, once, twice = (
        load_backbone(place)[0].get_parameter(name) for place in (backbone_folder, folder, tmp_path / "second")
    )
    torch.testing.assert_close(twice - once, once - plain, atol=1e-5, rtol=0)


def test_a_base_beside_the_adapters_is_found(trained: tuple[Path, torch.Tensor], backbone_folder: Path):
    folder, logits = trained
    shutil.copytree(backbone_folder, folder / "base" / "model")
    change(folder, base_model_name_or_path="base")
    backbone, _ = load_backbone(folder)
    assert torch.equal(backbone.logits(backbone(IDS)), logits)


def test_a_base_of_another_shape_is_refused(trained: tuple[Path, torch.Tensor], backbone_folder: Path, tmp_path: Path):
    folder, _ = trained
    shutil.copytree(backbone_folder, tmp_path / "other")
    path = tmp_path / "other" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rope_theta": 77.0, "rope_parameters": None}))
    change(folder, base_model_name_or_path=str(tmp_path / "other"))
    with pytest.raises(UserError, match="have changed since"):
        load_backbone(folder)


def test_a_circle_is_refused(trained: tuple[Path, torch.Tensor]):
    folder, _ = trained
    change(folder, base_model_name_or_path=str(folder))
    with pytest.raises(UserError, match="without an end"):
        load_backbone(folder)


def test_another_backbone_is_refused(trained: tuple[Path, torch.Tensor], backbone_folder: Path, tmp_path: Path):
    folder, _ = trained
    shutil.copytree(backbone_folder, tmp_path / "other")
    path = tmp_path / "other" / "model.safetensors"
    tensors = load_file(path)
    tensors["model.norm.weight"] = tensors["model.norm.weight"] + 1
    save_file(tensors, path)
    change(folder, base_model_name_or_path=str(tmp_path / "other"))
    with pytest.raises(UserError, match="have changed since"):
        load_backbone(folder)


def test_a_backbone_that_is_not_there(trained: tuple[Path, torch.Tensor]):
    folder, _ = trained
    change(folder, base_model_name_or_path="/nowhere/at-all")
    with pytest.raises(UserError, match="/nowhere/at-all, is not there") as caught:
        load_backbone(folder)
    assert "base_model_name_or_path" in str(caught.value.fix)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"use_dora": True}, "`use_dora` True are"),
        ({"modules_to_save": ["score"]}, "`modules_to_save`"),
        ({"rank_pattern": {"q_proj": 3}}, "`rank_pattern`"),
        ({"init_lora_weights": "pissa"}, "`init_lora_weights` pissa"),
        ({"alora_invocation_tokens": [5]}, "`alora_invocation_tokens`"),
        ({"of_a_later_version": 3}, "`of_a_later_version` 3 are not supported"),
        ({"r": 3}, "of rank 3, does not fit"),
        ({"lora_alpha": 10**400}, "out of range"),
        ({"lora_alpha": 1e308}, "out of range"),
        ({"base_model_name_or_path": "x" * 5000}, "is not there"),
        ({"base_model_name_or_path": "~nobody-of-that-name/x"}, "is not there"),
        ({"peft_type": "IA3"}, "`peft_type` IA3"),
        ({"r": "two"}, "`r` is missing or not as it should be"),
        ({"lora_alpha": float("inf")}, "out of range"),
        ({"base_model_name_or_path": None}, "`base_model_name_or_path` is missing"),
    ],
)
def test_what_would_be_computed_wrongly_is_refused(
    trained: tuple[Path, torch.Tensor], entries: dict[str, object], message: str
):
    change(trained[0], **entries)
    with pytest.raises(UserError, match=message):
        load_backbone(trained[0])


def test_weights_that_do_not_fit(trained: tuple[Path, torch.Tensor]):
    path = trained[0] / "adapter_model.safetensors"
    whole = load_file(path)
    some = next(iter(whole))
    cases: list[tuple[dict[str, torch.Tensor], str]] = [
        (whole | {some: torch.zeros(2, 5)}, "does not fit a layer"),
        ({key: value for key, value in whole.items() if key != some}, "does not fit a layer"),
        (whole | {"base_model.model.score.weight": torch.zeros(2)}, "is no adapter of a layer"),
        ({}, "no adapters in it"),
    ]
    for tensors, message in cases:
        save_file(tensors, path)
        with pytest.raises(UserError, match=message):
            load_backbone(trained[0])
    path.write_bytes(b"\x00" * 40)
    with pytest.raises(UserError, match="damaged"):
        load_backbone(trained[0])
    path.unlink()
    with pytest.raises(UserError, match="missing"):
        load_backbone(trained[0])
