"""Rows: a note, and the sentence to be written from it."""

from __future__ import annotations

from nlpsuite.api import NamedFields, text_cell

EXAMPLES = (
    {"note": "lift stuck again", "sentence": "The lift is stuck again."},
    {"note": "tap drips bathroom", "sentence": "The tap in the bathroom drips."},
)
FIELDS = NamedFields({"note": text_cell}, "sentence", text_cell, EXAMPLES)
