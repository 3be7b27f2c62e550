"""What a row of the table may spend: the one place to change."""

from __future__ import annotations

TIMES = {
    "sst2": "20m",
    "agnews": "15m",
    "chnsenticorp": "15m",
    "conll2003": "20m",
    "resume_ner": "5m",
    "squad": "28m",
    "multi30k": "40m",
    "novels": "20m",
}
"""Training time of each data set."""

STEPS = {"sst2": 1460, "agnews": 378, "conll2003": 1162, "squad": 472, "multi30k": 1043}
"""Steps in place of the time, of the rows that start from the embedded backbone: what those times held on 2026-11-27. A new
backbone is so held against the one before over the same rows of text, whatever the machine and the day."""

SEEDS = {"resume_ner": (1, 2, 3)}
"""Seeds of a data set whose runs take less than eight minutes; any other has seed 1."""

ENGLISH = "nano"
"""The backbone of the English rows."""

CHINESE = "$WORK/zhnano"
"""The backbone of the Chinese rows, which the row `zhnano` pretrains."""

WIKI = "$WORK/wikinano"
"""The backbone of the novels: one that has read the encyclopedia alone. Nano has read the novels, so that its bits per byte on
them before training are no zero-shot."""

PRETRAININGS = {
    "zhnano": ("$NLPSUITE_DATA/zh/wiki", CHINESE, "20m"),
    "wikinano": ("$NLPSUITE_DATA/pretrain/enwiki_2015", WIKI, "12m"),
}
"""The rows that pretrain a backbone: text, folder, and time."""


def limit(data: str, backbone: str) -> tuple[str, str]:
    """Return the flag and the value that bound a training."""
    if backbone == ENGLISH and data in STEPS:
        return "--max-steps", str(STEPS[data])
    return "--time", TIMES[data]


def seeds_of(data: str) -> tuple[int, ...]:
    """Return the seeds that a data set is run with."""
    return SEEDS.get(data, (1,))
