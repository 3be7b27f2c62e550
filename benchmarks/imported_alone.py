"""That an imported model needs no transformers: a new virtual environment without it, and every command on an imported model.

    python benchmarks/imported_alone.py [--write]

A small Llama that transformers made (in this environment, with a byte-level BPE tokenizer as Llama 3 has it) is imported,
fine-tuned, evaluated, asked and exported in an environment of `pip install nlpsuite[hub]` alone. What pip lists there, and what
came of each command, is kept in benchmarks/results/imported_alone.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

from suitebench.single import run_single

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "imported_alone.json"
PAGE = ROOT / "docs" / "results.md"
MARKS = ("<!-- benchmarks/imported_alone.py --write: begin -->", "<!-- benchmarks/imported_alone.py --write: end -->")
MAKE = """
import sys, torch, tokenizers
from pathlib import Path
from tokenizers import decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
folder, text = Path(sys.argv[1]), sys.argv[2]
made = tokenizers.Tokenizer(models.BPE())
made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
made.decoder = decoders.ByteLevel()
specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>"]
made.train([text], trainers.BpeTrainer(vocab_size=4000, special_tokens=specials, show_progress=False,
           initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
made.post_processor = processors.TemplateProcessing(single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)])
PreTrainedTokenizerFast(tokenizer_object=made, bos_token=specials[0], eos_token=specials[1]).save_pretrained(folder)
torch.manual_seed(0)
LlamaForCausalLM(LlamaConfig(vocab_size=4000, hidden_size=128, intermediate_size=352, num_hidden_layers=4, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=256, bos_token_id=0, eos_token_id=1)).save_pretrained(folder)
"""
COMMANDS = (
    "import theirs --out models/llama",
    "pretrain text.txt --init models/llama --objective masked --max-steps 20 --out adapted",
    "run sentiment --backbone models/llama --max-steps 30 --out sentiment",
    "run sentiment --backbone models/llama --tune lora --max-steps 30 --out adapters",
    "run ner --backbone models/llama --max-steps 30 --out ner",
    "run qa --backbone models/llama --max-steps 30 --out qa",
    "evaluate sentiment --data rows.tsv",
    "predict adapters texts.txt",
    "generate models/llama --prompt the --max-new 20",
    "export adapters --to merged",
)


def measure() -> dict[str, Any]:
    """Make the model here and the environment there, and run the commands."""
    with tempfile.TemporaryDirectory() as work:
        return _measure(Path(work))


def _measure(work: Path) -> dict[str, Any]:
    examples = ROOT / "plugins" / "sentiment" / "nlpsuite_sentiment" / "demo"
    lines = [line.split("\t")[0] for line in (examples / "train.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    (work / "text.txt").write_text("\n\n".join(lines), encoding="utf-8")
    (work / "texts.txt").write_text("\n".join(lines[:20]) + "\n", encoding="utf-8")
    (work / "rows.tsv").write_text((examples / "test.tsv").read_text(encoding="utf-8"), encoding="utf-8")
    subprocess.run([sys.executable, "-c", MAKE, str(work / "theirs"), str(work / "text.txt")], check=True)
    venv.create(work / "alone", with_pip=True)
    python = work / "alone" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*install, "-c", str(ROOT / "constraints.txt"), f"{ROOT}[hub]"], check=True, stderr=subprocess.DEVNULL
    )
    listed = subprocess.run(
        [str(python), "-m", "pip", "list", "--format=json"], check=True, capture_output=True, text=True
    )
    packages = {each["name"]: each["version"] for each in json.loads(listed.stdout)}
    found = [_run(python.with_name("suite"), command, work) for command in COMMANDS]
    return {"packages": packages, "commands": found}


def _run(suite: Path, command: str, work: Path) -> dict[str, Any]:
    begun = time.perf_counter()
    done = subprocess.run([str(suite), *command.split()], capture_output=True, text=True, check=False, cwd=work)
    return {
        "command": f"suite {command}",
        "status": done.returncode,
        "seconds": time.perf_counter() - begun,
        "error": done.stderr.strip().splitlines()[-1] if done.returncode else "",
    }


def table(record: dict[str, Any]) -> str:
    """Return the commands in Markdown."""
    names = sorted(record["packages"])
    lines = ["| command | exit status | seconds |", "|---|---|---|"]
    lines += [f"| `{each['command']}` | {each['status']} | {each['seconds']:.0f} |" for each in record["commands"]]
    without = "no transformers" if "transformers" not in names else "transformers"
    lines += [
        "",
        f"`pip list` there names {len(names)} packages, and {without} among them: {', '.join(names)}. "
        f"{record['date']}, {record['machine']['processor']}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    run_single(__doc__, results=RESULTS, page=PAGE, marks=MARKS, measure=measure, table=table)
