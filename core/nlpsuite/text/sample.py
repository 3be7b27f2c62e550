"""A seeded uniform sample of the training text, for training a tokenizer, drawn in one pass and bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from nlpsuite.text.lowest import Lowest
from nlpsuite.text.mixing import Mixer
from nlpsuite.text.segments import split_long

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nlpsuite.text.corpus import Corpus
    from nlpsuite.text.documents import Document

# Long documents are drawn in runs of this many bytes, so that a few big ones are represented as well as many small
# ones.
RUN_BYTES = 1 << 16
# Another than that of the validation documents, or the documents drawn would be those held out.
_STREAM = 2


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What a sample was drawn from and what it holds.

    Attributes:
        documents_seen: Documents of the training part.
        bytes_seen: Their UTF-8 bytes.
        documents_sampled: Documents of which at least a run was drawn.
        bytes_sampled: The UTF-8 bytes drawn.
        lines: Lines given to the tokenizer.
        lines_split: Lines of the text that were longer than the limit and came as several; nothing of them is lost.
        blank_lines: Lines of white space alone, which are left out.
    """

    documents_seen: int
    bytes_seen: int
    documents_sampled: int
    bytes_sampled: int
    lines: int
    lines_split: int
    blank_lines: int

    def sentence(self) -> str:
        """Say it in one line."""
        share = self.bytes_sampled / self.bytes_seen if self.bytes_seen else 0.0
        split = f", {self.lines_split:,} long lines split" if self.lines_split else ""
        return (
            f"tokenizer sample: {self.bytes_sampled / 1e6:,.1f} of {self.bytes_seen / 1e6:,.1f} MB ({share:.0%}), "
            f"{self.documents_sampled:,} of {self.documents_seen:,} documents, {self.lines:,} lines{split}"
        )


class _Run(NamedTuple):
    """A run of text, the number of its document, that document without its text, and the bytes before the run."""

    text: str
    n_bytes: int
    number: int
    document: Document
    start: int


def sample_text(
    corpus: Corpus, *, max_bytes: int, seed: int, max_line_chars: int = 2000
) -> tuple[list[str], SampleReport]:
    """Draw runs of training text, each with the same chance, in the order of the corpus, until `max_bytes` are drawn.

    A run is a document, or about 64 kB of a longer one. Which runs are drawn hangs on their content and the seed, not
    on their order. Memory stays within a few times `max_bytes`. Makes exactly one pass, which also serves as the first
    pass of the corpus.

    Args:
        corpus: Where to draw from; documents of its validation part are never drawn.
        max_bytes: The most UTF-8 bytes to draw.
        seed: What the draw hangs on.
        max_line_chars: A longer line is split after a space, or where there is none after this many characters.

    Returns:
        Lines without newlines, each of 1 to `max_line_chars` characters, and what was drawn.

    Raises:
        UserError: As `Corpus.scan`.
    """
    drawn: Lowest[_Run] = Lowest(max_bytes)
    draw = Mixer(seed, _STREAM)
    start = 0
    for number, document in enumerate(corpus.scan()):
        for piece, (text, n_bytes) in enumerate(_runs(document)):
            key = draw(document.key + piece)
            if key < drawn.below:
                drawn.push(key, n_bytes, _Run(text, n_bytes, number, document._replace(text=""), start))
            start += n_bytes
    holdout = corpus.holdout
    runs = [run for run in drawn.items() if holdout.surely_train(run.document, run.start, run.n_bytes)]
    lines, n_split, n_blank = _lines([run.text for run in runs], max_line_chars)
    report = SampleReport(
        documents_seen=holdout.train.documents,
        bytes_seen=holdout.train.bytes,
        documents_sampled=len({run.number for run in runs}),
        bytes_sampled=sum(run.n_bytes for run in runs),
        lines=len(lines),
        lines_split=n_split,
        blank_lines=n_blank,
    )
    return lines, report


def _runs(document: Document) -> Iterator[tuple[str, int]]:
    """Give a document whole, or in runs that end after a line or a space, with their bytes."""
    if document.n_bytes <= RUN_BYTES:
        yield document.text, document.n_bytes
        return
    for data in split_long(document.text.encode(), RUN_BYTES):
        yield data.decode(), len(data)


def _lines(texts: Iterable[str], max_chars: int) -> tuple[list[str], int, int]:
    """Cut texts into lines; give them, how many had to be split, and how many blank ones are left out."""
    lines: list[str] = []
    n_split = n_blank = 0
    for text in texts:
        for line in text.split("\n"):
            if not line or line.isspace():
                n_blank += 1
            elif len(line) <= max_chars:
                lines.append(line)
            else:
                n_split += 1
                lines += _split_line(line, max_chars)
    return lines, n_split, n_blank


def _split_line(line: str, max_chars: int) -> Iterator[str]:
    """Split a line after a space in the latter half of each part, or after `max_chars` characters."""
    start = 0
    while len(line) - start > max_chars:
        space = line.rfind(" ", start + max_chars // 2, start + max_chars)
        end = space + 1 if space >= 0 else start + max_chars
        yield line[start:end]
        start = end
    yield line[start:]
