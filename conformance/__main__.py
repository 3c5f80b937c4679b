"""``python -m conformance``: the same program as ``llm-conformance``."""

from conformance.cli import main

if __name__ == "__main__":
    main(prog_name="llm-conformance")
