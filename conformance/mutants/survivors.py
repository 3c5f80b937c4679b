"""What was found of generated mutants that survive, by file, operator and line: why nothing is wrong with them, or what
would have to be judged.
"""

__all__ = ["NOTES"]

NOTES: dict[tuple[str, str, str], str] = {}
