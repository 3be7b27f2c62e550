"""Reading and tokenising real text, English and Chinese."""

from __future__ import annotations

from itertools import islice

import pytest

from nlpsuite.report import Silent
from nlpsuite.text.corpus import TextSettings, read_corpus
from nlpsuite.text.sources import find_sources
from nlpsuite.text.train_tokenizer import train_tokenizer

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize(
    ("name", "documents"),
    [("pretrain/enwiki_2015/valid.txt", 131), ("tinyshakespeare/input.txt", None), ("wikitext2/valid.txt", None)],
)
def test_everything_read_is_kept_or_accounted_for(realdata, name, documents):
    with read_corpus(find_sources([str(realdata / name)]), TextSettings(), seed=1, report=Silent()) as corpus:
        kept = list(corpus.documents())
        account = corpus.account
    account.check()
    assert account.kept.bytes == sum(document.n_bytes for _, document in kept)
    if documents is not None:
        assert account.read.documents == documents


@pytest.mark.parametrize("name", ["pretrain/enwiki_2015/valid.txt", "zh/chnsenticorp/dev.tsv"])
def test_a_tokenizer_gives_real_text_back(realdata, name):
    with (realdata / name).open(encoding="utf-8", newline="") as file:
        lines = list(islice(file, 1500))
    tokenizer = train_tokenizer(lines[:1000], vocab_size=2000, report=Silent())
    for line in lines:
        assert tokenizer.decode(tokenizer.encode(line)) == line
        _, spans = tokenizer.encode_with_offsets(line)
        assert spans[0][0] == 0
        assert spans[-1][1] == len(line)
