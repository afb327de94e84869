"""Probabilities from trained models: the predictor, prediction tables, ensembles."""
