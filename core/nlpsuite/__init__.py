"""Pretrain your own language model on your own text, and grow NLP tasks on it through plugins."""

__version__ = "0.1.0"
