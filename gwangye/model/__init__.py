"""The relation classifier: encoder and head, saving and loading, and what makes it fast."""
