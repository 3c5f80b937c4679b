"""The documentation, and what writes those pages of it that follow from the code: ``python -m docs``."""
