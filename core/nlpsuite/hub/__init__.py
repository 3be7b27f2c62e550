"""Data sets by name: `hf:ORG/NAME`, or a folder of the library `datasets`, becomes a folder of JSON Lines like a user's own."""
