"""All measurements, one after another."""

from benchmarks import accumulator, imports, streaming

streaming.main([], standalone_mode=False)
accumulator.main()
imports.main()
