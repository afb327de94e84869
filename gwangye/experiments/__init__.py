"""Experiments that run by themselves: many parameter sets, each a named DVC experiment."""
