"""The table of docs/results.md: its rows, the conventional baselines beside them, and what keeps and shows the figures."""
