"""Which checks catch no mutant, and which requirements none is broken in, each with the reason."""

__all__ = ["NOT_BROKEN", "NO_MUTANT"]

SCHEMA = "No mutant yet: those that send what a schema refuses are failed by what their requests mean, too."
NO_MUTANT = {"test_schema": SCHEMA}
"""By check."""
QUIRK = (
    "No mutant yet: the case of this quirk fails where the codec does not handle it, as the tests of the codec show."
)
NOT_BROKEN: dict[str, str] = {
    "CORE-17": SCHEMA,
    **dict.fromkeys(("CORE-24", "CORE-30", "TOOLS-26", "TOOLS-30", "ERROR-14", "ERROR-15", "ERROR-20"), QUIRK),
}
"""By requirement."""
