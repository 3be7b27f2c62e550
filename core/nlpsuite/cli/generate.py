"""`suite generate`: continue a prompt, or show what could come next."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import JsonOption, QuietOption, SeedOption, VerboseOption, given, parse_count
from nlpsuite.cli.progress import format_seconds
from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from nlpsuite.backbone.sampling import Sampling

DEFAULT_SEED, DEFAULT_NEW = 1, 64


def _parse_max_new(text: str) -> int:
    return parse_count(text, "--max-new")


def generate(
    target: Annotated[str, typer.Argument(metavar="RUN|BACKBONE", help="A run's folder, a model folder, or nano.")],
    prompt: Annotated[str, typer.Option("--prompt", metavar="TEXT", help="The text to continue.")],
    max_new: Annotated[
        int | None, typer.Option("--max-new", parser=_parse_max_new, metavar="N", help="The most tokens to add; 64.")
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", min=0, max=100, help="0 takes the likeliest token each time; 0.8."),
    ] = None,
    top_k: Annotated[
        int | None, typer.Option("--top-k", min=0, help="Draw from the K likeliest tokens; 0: from all, as usual.")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option("--top-p", min=0, max=1, help="Draw from the likeliest tokens that hold this probability; 0.95."),
    ] = None,
    number: Annotated[int | None, typer.Option("--num", min=1, metavar="N", help="How many continuations; 1.")] = None,
    seed: SeedOption = None,
    next_tokens: Annotated[
        int | None,
        typer.Option("--next", min=1, metavar="K", help="Show the K likeliest next tokens instead."),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Continue a prompt with a backbone, or with --next show the likeliest next tokens."""
    console = Console(quiet=quiet, verbose=verbose)
    from nlpsuite.backbone.sampling import Sampling

    drawing = given(temperature=temperature, top_k=top_k, top_p=top_p)
    if next_tokens is not None:
        if without := next(iter(drawing | given(num=number, seed=seed, max_new=max_new)), None):
            what = "nothing is drawn with --next, which shows probabilities as they are"
            raise UserError(what, where=f"--{without.replace('_', '-')}", fix="leave it out, or leave --next out")
        _Prompted(target, prompt, console).show_next(next_tokens, as_json=as_json)
        return
    sampling = Sampling(**drawing)
    used_seed = DEFAULT_SEED if seed is None else seed
    prompted = _Prompted(target, prompt, console)
    prompted.show_texts(max_new or DEFAULT_NEW, sampling, number or 1, used_seed, as_json=as_json)


class _Prompted:
    """A backbone and a prompt to it."""

    def __init__(self, target: str, prompt: str, console: Console):
        from nlpsuite.inference.generate import prompt_ids
        from nlpsuite.inference.locate import find_backbone
        from nlpsuite.inference.open_model import open_backbone

        self._console, self._prompt = console, prompt
        folder = find_backbone(target)
        self._backbone, self._tokenizer = open_backbone(folder)
        self._facts = {"command": "generate", "backbone": str(folder), "prompt": prompt}
        self._ids = prompt_ids(self._tokenizer, prompt)
        context = self._backbone.config.context
        if len(self._ids) > context:
            has = f"the prompt has {len(self._ids)} tokens and the context is {context}"
            console.warn(f"{has}: the model sees the last {context}")
        if prompt.endswith(" "):
            console.warn("the prompt ends in a space, but a word's token begins with its space; leave the space out")

    def show_next(self, number: int, *, as_json: bool) -> None:
        """Show the likeliest next tokens."""
        from nlpsuite.inference.generate import likely_next

        found = likely_next(self._backbone, self._tokenizer, self._ids, number)
        if as_json:
            self._console.json(self._facts | {"next": [asdict(each) for each in found]})
            return
        rows = [[str(rank), each.token, f"{each.probability:.4f}", str(each.id)] for rank, each in enumerate(found, 1)]
        self._console.result_table(["RANK", "TOKEN", "PROBABILITY", "ID"], rows)
        self._console.say("in a token, \u2581 is a space and <0x..> a single byte")

    def show_texts(self, max_new: int, sampling: Sampling, number: int, seed: int, *, as_json: bool) -> None:
        """Show continuations, as they come."""
        import torch

        from nlpsuite.inference.generate import continue_text

        generator = torch.Generator().manual_seed(seed)
        begun, found = time.perf_counter(), []
        for sample in range(number):
            if not as_json:
                if number > 1:
                    self._console.say(f"continuation {sample + 1} of {number}")
                self._console.part(self._prompt)
            new = continue_text(
                self._backbone,
                self._tokenizer,
                self._ids,
                max_new=max_new,
                sampling=sampling,
                generator=generator,
                write=(lambda part: None) if as_json else self._console.part,
            )
            if not as_json:
                self._console.result("")
            found.append(new)
        seconds, tokens = time.perf_counter() - begun, sum(each.tokens for each in found)
        speed = {"tokens": tokens, "seconds": round(seconds, 3), "tokens_per_second": round(tokens / seconds, 1)}
        if as_json:
            continuations = [{"text": each.text, "tokens": each.tokens, "ended": each.ended} for each in found]
            self._console.json(self._facts | {"seed": seed, "continuations": continuations} | speed)
        else:
            self._console.say(
                f"{tokens} tokens in {format_seconds(seconds)}, {tokens / seconds:,.0f} tokens/s; seed {seed}"
            )
