"""The public surface for plugin authors: what is named here keeps its meaning for a whole `API_VERSION`.

Names are looked up in their home module when first used (PEP 562), so that a plugin may import from here and stay
cheap: declaring a task imports no torch. A new name takes one line in each of the three lists.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlpsuite.backbone.sampling import Sampling
    from nlpsuite.config import Settings
    from nlpsuite.errors import UserError
    from nlpsuite.host.hookspecs import hookimpl
    from nlpsuite.host.spec import API_VERSION, RunInfo, TaskSpec
    from nlpsuite.people import counted
    from nlpsuite.report import Progress, Reporter, Silent
    from nlpsuite.tasks.beam import BeamSettings, Written, beam_search
    from nlpsuite.tasks.char_spans import occurrences, refuse_half_characters, trim_span, whole_characters
    from nlpsuite.tasks.conll import CONLL_SUFFIXES, MISC_KEYS, Layout, find_layout, misc_key, sentences
    from nlpsuite.tasks.continuations import Drawn, continue_prompts, never_drawn, row_seed
    from nlpsuite.tasks.crf import iob_names, tag_numbers
    from nlpsuite.tasks.entity_records import EntityRecord, read_record
    from nlpsuite.tasks.examples import add_examples, with_examples
    from nlpsuite.tasks.graph import TaskGraph
    from nlpsuite.tasks.hashed import NO_FEATURE, HashedLinear, hash_features
    from nlpsuite.tasks.headers import normal_name
    from nlpsuite.tasks.heads import PooledHead
    from nlpsuite.tasks.labels import LabelSchema, natural_order
    from nlpsuite.tasks.language import language_loss, language_windows, window_nats
    from nlpsuite.tasks.lines import file_lines
    from nlpsuite.tasks.masking import fixed_tokens, masked_loss, masked_nats, random_tokens
    from nlpsuite.tasks.metrics import ClassificationMetrics, majority_baseline
    from nlpsuite.tasks.named_fields import NamedFields, text_cell, words_cell
    from nlpsuite.tasks.network import Network
    from nlpsuite.tasks.parallel import (
        Direction,
        choose_direction,
        languages_in,
        paired_lines,
        parallel_splits,
        partner,
        split_name,
    )
    from nlpsuite.tasks.portable import LastTokenHead, PortableHead
    from nlpsuite.tasks.span_decoding import BestSpan, WindowSpans, best_over_windows, best_spans
    from nlpsuite.tasks.span_head import SpanScorer, span_loss
    from nlpsuite.tasks.splits import find_splits, split_rows
    from nlpsuite.tasks.sums import RunningSums
    from nlpsuite.tasks.tables import Record, Table, data_suffix, is_json_object, json_table, read_table
    from nlpsuite.tasks.tag_graph import TagGraph, TokenTagGraph
    from nlpsuite.tasks.tag_head import TagHead
    from nlpsuite.tasks.tag_schemes import Scheme, SchemeFinder, Span
    from nlpsuite.tasks.target_loss import target_loss, target_nats
    from nlpsuite.tasks.task import (
        AttentionMode,
        Batch,
        Row,
        ScoreTable,
        Split,
        SplitFiles,
        Task,
        TaskContext,
        TaskMetrics,
        Window,
        strings_in,
    )
    from nlpsuite.tasks.text_classification import TextClassification
    from nlpsuite.tasks.text_documents import TextRow, cut_place, data_files, document_rows, piece_rows, text_splits
    from nlpsuite.tasks.text_settings import TextClassificationSettings
    from nlpsuite.tasks.windows import PairSpan, pair_ids, pair_spans, text_windows, window_spans
    from nlpsuite.tasks.word_encoding import TagScores, WordEncoder, decode_tags
    from nlpsuite.tasks.words import Splitting, is_unspaced, spaces_before, split_words
    from nlpsuite.text.tokenizer import Tokenizer

_HOME = {
    "API_VERSION": "nlpsuite.host.spec",
    "CONLL_SUFFIXES": "nlpsuite.tasks.conll",
    "MISC_KEYS": "nlpsuite.tasks.conll",
    "NO_FEATURE": "nlpsuite.tasks.hashed",
    "AttentionMode": "nlpsuite.tasks.task",
    "Batch": "nlpsuite.tasks.task",
    "BeamSettings": "nlpsuite.tasks.beam",
    "BestSpan": "nlpsuite.tasks.span_decoding",
    "ClassificationMetrics": "nlpsuite.tasks.metrics",
    "Direction": "nlpsuite.tasks.parallel",
    "Drawn": "nlpsuite.tasks.continuations",
    "EntityRecord": "nlpsuite.tasks.entity_records",
    "HashedLinear": "nlpsuite.tasks.hashed",
    "LabelSchema": "nlpsuite.tasks.labels",
    "LastTokenHead": "nlpsuite.tasks.portable",
    "Layout": "nlpsuite.tasks.conll",
    "NamedFields": "nlpsuite.tasks.named_fields",
    "Network": "nlpsuite.tasks.network",
    "PairSpan": "nlpsuite.tasks.windows",
    "PooledHead": "nlpsuite.tasks.heads",
    "PortableHead": "nlpsuite.tasks.portable",
    "Progress": "nlpsuite.report",
    "Record": "nlpsuite.tasks.tables",
    "Reporter": "nlpsuite.report",
    "Row": "nlpsuite.tasks.task",
    "RunInfo": "nlpsuite.host.spec",
    "RunningSums": "nlpsuite.tasks.sums",
    "Sampling": "nlpsuite.backbone.sampling",
    "Scheme": "nlpsuite.tasks.tag_schemes",
    "SchemeFinder": "nlpsuite.tasks.tag_schemes",
    "ScoreTable": "nlpsuite.tasks.task",
    "Settings": "nlpsuite.config",
    "Silent": "nlpsuite.report",
    "Span": "nlpsuite.tasks.tag_schemes",
    "SpanScorer": "nlpsuite.tasks.span_head",
    "Split": "nlpsuite.tasks.task",
    "SplitFiles": "nlpsuite.tasks.task",
    "Splitting": "nlpsuite.tasks.words",
    "Table": "nlpsuite.tasks.tables",
    "TagGraph": "nlpsuite.tasks.tag_graph",
    "TagHead": "nlpsuite.tasks.tag_head",
    "TagScores": "nlpsuite.tasks.word_encoding",
    "Task": "nlpsuite.tasks.task",
    "TaskContext": "nlpsuite.tasks.task",
    "TaskGraph": "nlpsuite.tasks.graph",
    "TaskMetrics": "nlpsuite.tasks.task",
    "TaskSpec": "nlpsuite.host.spec",
    "TextClassification": "nlpsuite.tasks.text_classification",
    "TextClassificationSettings": "nlpsuite.tasks.text_settings",
    "TextRow": "nlpsuite.tasks.text_documents",
    "TokenTagGraph": "nlpsuite.tasks.tag_graph",
    "Tokenizer": "nlpsuite.text.tokenizer",
    "UserError": "nlpsuite.errors",
    "Window": "nlpsuite.tasks.task",
    "WindowSpans": "nlpsuite.tasks.span_decoding",
    "WordEncoder": "nlpsuite.tasks.word_encoding",
    "Written": "nlpsuite.tasks.beam",
    "add_examples": "nlpsuite.tasks.examples",
    "beam_search": "nlpsuite.tasks.beam",
    "best_over_windows": "nlpsuite.tasks.span_decoding",
    "best_spans": "nlpsuite.tasks.span_decoding",
    "choose_direction": "nlpsuite.tasks.parallel",
    "continue_prompts": "nlpsuite.tasks.continuations",
    "counted": "nlpsuite.people",
    "cut_place": "nlpsuite.tasks.text_documents",
    "data_files": "nlpsuite.tasks.text_documents",
    "data_suffix": "nlpsuite.tasks.tables",
    "decode_tags": "nlpsuite.tasks.word_encoding",
    "document_rows": "nlpsuite.tasks.text_documents",
    "file_lines": "nlpsuite.tasks.lines",
    "find_layout": "nlpsuite.tasks.conll",
    "find_splits": "nlpsuite.tasks.splits",
    "fixed_tokens": "nlpsuite.tasks.masking",
    "hash_features": "nlpsuite.tasks.hashed",
    "hookimpl": "nlpsuite.host.hookspecs",
    "iob_names": "nlpsuite.tasks.crf",
    "is_json_object": "nlpsuite.tasks.tables",
    "is_unspaced": "nlpsuite.tasks.words",
    "json_table": "nlpsuite.tasks.tables",
    "language_loss": "nlpsuite.tasks.language",
    "language_windows": "nlpsuite.tasks.language",
    "languages_in": "nlpsuite.tasks.parallel",
    "majority_baseline": "nlpsuite.tasks.metrics",
    "masked_loss": "nlpsuite.tasks.masking",
    "masked_nats": "nlpsuite.tasks.masking",
    "misc_key": "nlpsuite.tasks.conll",
    "natural_order": "nlpsuite.tasks.labels",
    "never_drawn": "nlpsuite.tasks.continuations",
    "normal_name": "nlpsuite.tasks.headers",
    "occurrences": "nlpsuite.tasks.char_spans",
    "pair_ids": "nlpsuite.tasks.windows",
    "pair_spans": "nlpsuite.tasks.windows",
    "paired_lines": "nlpsuite.tasks.parallel",
    "parallel_splits": "nlpsuite.tasks.parallel",
    "partner": "nlpsuite.tasks.parallel",
    "piece_rows": "nlpsuite.tasks.text_documents",
    "random_tokens": "nlpsuite.tasks.masking",
    "read_record": "nlpsuite.tasks.entity_records",
    "read_table": "nlpsuite.tasks.tables",
    "refuse_half_characters": "nlpsuite.tasks.char_spans",
    "row_seed": "nlpsuite.tasks.continuations",
    "sentences": "nlpsuite.tasks.conll",
    "spaces_before": "nlpsuite.tasks.words",
    "span_loss": "nlpsuite.tasks.span_head",
    "split_name": "nlpsuite.tasks.parallel",
    "split_rows": "nlpsuite.tasks.splits",
    "split_words": "nlpsuite.tasks.words",
    "strings_in": "nlpsuite.tasks.task",
    "tag_numbers": "nlpsuite.tasks.crf",
    "target_loss": "nlpsuite.tasks.target_loss",
    "target_nats": "nlpsuite.tasks.target_loss",
    "text_cell": "nlpsuite.tasks.named_fields",
    "text_splits": "nlpsuite.tasks.text_documents",
    "text_windows": "nlpsuite.tasks.windows",
    "trim_span": "nlpsuite.tasks.char_spans",
    "whole_characters": "nlpsuite.tasks.char_spans",
    "window_nats": "nlpsuite.tasks.language",
    "window_spans": "nlpsuite.tasks.windows",
    "with_examples": "nlpsuite.tasks.examples",
    "words_cell": "nlpsuite.tasks.named_fields",
}

__all__ = [
    "API_VERSION",
    "CONLL_SUFFIXES",
    "MISC_KEYS",
    "NO_FEATURE",
    "AttentionMode",
    "Batch",
    "BeamSettings",
    "BestSpan",
    "ClassificationMetrics",
    "Direction",
    "Drawn",
    "EntityRecord",
    "HashedLinear",
    "LabelSchema",
    "LastTokenHead",
    "Layout",
    "NamedFields",
    "Network",
    "PairSpan",
    "PooledHead",
    "PortableHead",
    "Progress",
    "Record",
    "Reporter",
    "Row",
    "RunInfo",
    "RunningSums",
    "Sampling",
    "Scheme",
    "SchemeFinder",
    "ScoreTable",
    "Settings",
    "Silent",
    "Span",
    "SpanScorer",
    "Split",
    "SplitFiles",
    "Splitting",
    "Table",
    "TagGraph",
    "TagHead",
    "TagScores",
    "Task",
    "TaskContext",
    "TaskGraph",
    "TaskMetrics",
    "TaskSpec",
    "TextClassification",
    "TextClassificationSettings",
    "TextRow",
    "TokenTagGraph",
    "Tokenizer",
    "UserError",
    "Window",
    "WindowSpans",
    "WordEncoder",
    "Written",
    "add_examples",
    "beam_search",
    "best_over_windows",
    "best_spans",
    "choose_direction",
    "continue_prompts",
    "counted",
    "cut_place",
    "data_files",
    "data_suffix",
    "decode_tags",
    "document_rows",
    "file_lines",
    "find_layout",
    "find_splits",
    "fixed_tokens",
    "hash_features",
    "hookimpl",
    "iob_names",
    "is_json_object",
    "is_unspaced",
    "json_table",
    "language_loss",
    "language_windows",
    "languages_in",
    "majority_baseline",
    "masked_loss",
    "masked_nats",
    "misc_key",
    "natural_order",
    "never_drawn",
    "normal_name",
    "occurrences",
    "pair_ids",
    "pair_spans",
    "paired_lines",
    "parallel_splits",
    "partner",
    "piece_rows",
    "random_tokens",
    "read_record",
    "read_table",
    "refuse_half_characters",
    "row_seed",
    "sentences",
    "spaces_before",
    "span_loss",
    "split_name",
    "split_rows",
    "split_words",
    "strings_in",
    "tag_numbers",
    "target_loss",
    "target_nats",
    "text_cell",
    "text_splits",
    "text_windows",
    "trim_span",
    "whole_characters",
    "window_nats",
    "window_spans",
    "with_examples",
    "words_cell",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
