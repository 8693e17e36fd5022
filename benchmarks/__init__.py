"""Benchmarks, each run as a module: `python -m benchmarks.trending`. See README.md."""
