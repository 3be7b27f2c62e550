"""Text in, token ids out: reading and cleaning, the tokenizer, token files, and the order of batches."""
