"""All measurements, one after another."""

from benchmarks import imports, streaming

streaming.main([], standalone_mode=False)
imports.main([], standalone_mode=False)
