"""From an example to marked text, tokens and batches."""
