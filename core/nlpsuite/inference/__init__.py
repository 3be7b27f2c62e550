"""Use of a trained model: load a run, predict, generate, evaluate."""
