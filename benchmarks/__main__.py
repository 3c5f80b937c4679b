"""All measurements, one after another."""

from benchmarks import imports, streaming

streaming.main(["--seconds", "4"], standalone_mode=False)
imports.main([], standalone_mode=False)
