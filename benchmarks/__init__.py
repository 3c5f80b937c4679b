"""Measurements: ``python -m benchmarks`` prints them all in about half a minute."""
