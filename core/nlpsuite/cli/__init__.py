"""The command line: one file a command; `console` is the only file that prints."""
