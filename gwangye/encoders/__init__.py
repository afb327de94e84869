"""Pretrained encoders: fetched, cut to the wanted vocabulary and layers, loaded."""
