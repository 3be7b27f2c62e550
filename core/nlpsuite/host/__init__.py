"""The plugin host: what a plugin declares, how it is found, and how a broken one is kept apart."""
