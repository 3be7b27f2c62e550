"""The lines of the table: which figure of which data set, and what the project set out to reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: one or two figures of one data set.

    Attributes:
        data: The data set, as in the names of rows.
        title: What is measured, for people.
        keys: Names of the figures in a record's metrics.
        floor: What the pretrained column is to reach with two CPU cores, for each key, as shown; empty for none.
        aim: What is hoped for with an accelerator or more time; empty for none.
        scale: What figures are multiplied by to be shown.
        digits: Decimals shown.
        below: The floor is this share below the conventional column's figure, which is then lower for better; None: it is not.
    """

    data: str
    title: str
    keys: tuple[str, ...]
    floor: tuple[float, ...] = ()
    aim: tuple[float, ...] = ()
    scale: float = 1.0
    digits: int = 3
    below: float | None = None


LINES = (
    Line("sst2", "sst2, dev accuracy", ("val/accuracy",), (0.83,), (0.86,)),
    Line("sst2", "sst2, test accuracy", ("test/accuracy",)),
    Line("agnews", "agnews (a part of its training file), test accuracy", ("test/accuracy",), (0.900,), (0.92,)),
    Line("chnsenticorp", "zh/chnsenticorp, test accuracy", ("test/accuracy",), (0.90,), (0.94,)),
    Line("conll2003", "conll2003, test, strict entity F1", ("test/entity_f1",), (0.78,), (0.88,)),
    Line("resume_ner", "zh/resume_ner, test, strict entity F1", ("test/entity_f1",), (0.92,), (0.95,)),
    Line("squad", "squad 1.1, dev EM / F1", ("test/exact_match", "test/f1"), (20, 30), (57, 69), 100.0, 1),
    Line(
        "multi30k",
        "multi30k en-de, test_2016_flickr, BLEU of tokenised lower-cased text / sacreBLEU",
        ("test/bleu_tokenised_lowercased", "test/bleu"),
        (30,),
        (41,),
        digits=1,
    ),
    Line("novels", "novels, test bits per byte (lower is better)", ("test/bits_per_byte",), below=0.10),
)
