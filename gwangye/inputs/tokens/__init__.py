"""Marked text as token ids, cut around the entities where it is too long."""
