"""Pretraining and fine-tuning on the Lightning Trainer."""
