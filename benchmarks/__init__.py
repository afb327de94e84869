"""Benchmarks, run by hand: ``python -m benchmarks``, or one of them, ``python -m benchmarks.noop``.

Each prints a Markdown table. Nothing in the tests depends on a clock.
"""
