"""The network: its attention, its objectives, its optimiser, and how it is saved."""
