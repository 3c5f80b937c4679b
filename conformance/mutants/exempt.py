"""Which checks catch no mutant, and which requirements none is broken in, each with the reason."""

__all__ = ["NOT_BROKEN", "NO_MUTANT"]

SCHEMA = "No mutant yet: those that send what a schema refuses are failed by what their requests mean, too."
NO_MUTANT = {"test_schema": SCHEMA}
"""By check."""
NOT_BROKEN = {"CORE-17": SCHEMA}
"""By requirement."""
