"""Tokenizers as models of other makes ship them, small and trained here: the same files in the same layout."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

WORDS = [
    "The harbour was quiet, and the last ferry had left an hour before; nobody remembered when the mill had stopped.",
    "She read the letter twice, isn't that so? They planted 24 apple trees in 1998, and 17 still bear fruit, we're told!",
    "Die Straße führt über den Fluß. Où est-il allé, ce garçon naïf?   def f(x):\n    return x + 1\n",
    "清晨的市场里，卖菜的人比买菜的人还多。他把旧自行车推到河边，慢慢地擦干净。北京今天天气很好。",
]
"""Text enough for a few dozen merges, where there is none of real data."""

# How GPT-4's and its kin's tokenizers part a text: contractions, words with what is before them, numbers, the rest, spaces.
_PARTS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


@dataclass(frozen=True)
class Shipped:
    """What a kind ships beside its vocabulary.

    Attributes:
        family: The `model_type` of such models' `config.json`.
        specials: Special tokens, in order of their ids.
        config: What `tokenizer_config.json` says.
        words: Added tokens that are not special: the model reads and writes them as text.
        first: Whether special tokens come before the pieces, as pieces themselves, or after them.
    """

    family: str
    specials: tuple[str, ...]
    config: dict[str, Any]
    words: tuple[str, ...] = ()
    first: bool = False


_QWEN = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|vision_pad|>")
_QWEN_CONFIG = {
    "add_prefix_space": False, "bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None,
    "tokenizer_class": "Qwen2Tokenizer", "errors": "replace", "split_special_tokens": False,
}  # fmt: skip
_LLAMA_CONFIG = {
    "bos_token": {"content": "<s>", "special": True, "__type": "AddedToken"}, "eos_token": "</s>", "unk_token": "<unk>",
    "add_bos_token": True, "add_eos_token": False, "clean_up_tokenization_spaces": False,
}  # fmt: skip
SHIPPED = {
    "qwen2": Shipped("qwen2", _QWEN, _QWEN_CONFIG),
    "qwen3": Shipped("qwen3", _QWEN, _QWEN_CONFIG, ("<tool_call>", "</tool_call>", "<think>", "</think>")),
    "llama3": Shipped(
        "llama",
        ("<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>", "<|eot_id|>"),
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>", "tokenizer_class": "PreTrainedTokenizerFast"},
    ),
    "smollm2": Shipped(
        "llama",
        ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<jupyter_start>", "<jupyter_text>"),
        {
            "bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>", "unk_token": "<|endoftext|>",
            "add_prefix_space": False, "tokenizer_class": "GPT2Tokenizer",
        },
        first=True,
    ),
    "gpt2": Shipped(
        "llama", ("<|endoftext|>",),
        {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "tokenizer_class": "PreTrainedTokenizerFast"},
    ),
    "llama2": Shipped(
        "llama", ("<unk>", "<s>", "</s>"), {**_LLAMA_CONFIG, "legacy": False, "tokenizer_class": "LlamaTokenizer"}, first=True
    ),
    "mistral": Shipped(
        "mistral", ("<unk>", "<s>", "</s>", "[INST]", "[/INST]"),
        {**_LLAMA_CONFIG, "legacy": False, "tokenizer_class": "LlamaTokenizer"}, first=True,
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def save_bpe() -> Callable[..., Path]:
    """Train a tokenizer of a kind on lines and write it into a folder as models of that kind ship it."""
    pytest.importorskip("tokenizers")
    return _save


@pytest.fixture(scope="session", params=SHIPPED)
def bpe_kind(request: pytest.FixtureRequest) -> str:
    """Each kind in turn."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def bpe_folder(tmp_path_factory: pytest.TempPathFactory, save_bpe: Callable[..., Path], bpe_kind: str) -> Path:
    """A small tokenizer of each kind, trained on a few sentences; not to be changed."""
    return save_bpe(bpe_kind, tmp_path_factory.mktemp("bpe") / bpe_kind, WORDS, 600)


def _save(kind: str, folder: Path, lines: Iterable[str], size: int = 1500) -> Path:
    ships = SHIPPED[kind]
    data = (
        _by_letters(kind, ships, lines, size) if kind in ("llama2", "mistral") else _by_bytes(kind, ships, lines, size)
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    added = {
        str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in data["added_tokens"]
    }
    config = {"added_tokens_decoder": added, "model_max_length": 64, **ships.config}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({"model_type": ships.family}), encoding="utf-8")
    return folder


def _by_bytes(kind: str, ships: Shipped, lines: Iterable[str], size: int) -> dict[str, Any]:
    """Pieces of bytes, each written as a letter: GPT-2's way, in its variants."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    made = Tokenizer(models.BPE())
    if kind == "gpt2":
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    elif kind == "smollm2":
        parts = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        made.pre_tokenizer = pre_tokenizers.Sequence(parts)
    else:
        digits = r"\p{N}{1,3}" if kind == "llama3" else r"\p{N}"
        split = pre_tokenizers.Split(Regex(_PARTS % digits), behavior="isolated")
        letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        made.pre_tokenizer = pre_tokenizers.Sequence([split, letters])
        if kind != "llama3":
            made.normalizer = normalizers.NFC()
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    before = list(ships.specials) if ships.first else []
    made.train_from_iterator(
        lines,
        trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=before, show_progress=False),
    )
    made.add_special_tokens(list(ships.specials))
    made.add_tokens(list(ships.words))
    made.post_processor = processors.ByteLevel(trim_offsets=kind in ("gpt2", "llama3"))
    if kind == "llama3":
        begin = ships.specials[0]
        template = processors.TemplateProcessing(
            single=f"{begin} $A",
            pair=f"{begin} $A {begin}:1 $B:1",
            special_tokens=[(begin, made.token_to_id(begin))],
        )
        made.post_processor = processors.Sequence([processors.ByteLevel(), template])
    data: dict[str, Any] = json.loads(made.to_str())
    data["model"]["ignore_merges"] = kind == "llama3"
    return data


def _by_letters(kind: str, ships: Shipped, lines: Iterable[str], size: int) -> dict[str, Any]:
    """Pieces of letters, U+2581 for a space, bytes for letters that are unknown: SentencePiece's way."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    before = [*ships.specials, *_BYTES]
    made.train_from_iterator(
        lines,
        trainers.BpeTrainer(vocab_size=size, limit_alphabet=size // 2, special_tokens=before, show_progress=False),
    )
    data: dict[str, Any] = json.loads(made.to_str())
    data["added_tokens"] = data["added_tokens"][: len(ships.specials)]
    data["model"] |= {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "ignore_merges": False}
    data["pre_tokenizer"] = None
    if kind == "llama2":
        space = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
        data["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, space]}
    else:
        data["pre_tokenizer"] = {
            "type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False
        }  # fmt: skip
    data["decoder"] = {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    }
    begin = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    single = [begin, {"Sequence": {"id": "A", "type_id": 0}}]
    data["post_processor"] = {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
    }
    return data
