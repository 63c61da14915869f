"""Benchmarks: ratios against peers or a plain version, within one run."""
