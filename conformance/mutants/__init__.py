"""Adapters that are broken on purpose, each in one thing: the proof that the suite can fail.

Every mutant is the reference adapter with one defect, and names the requirement that has to catch it. ``python -m
conformance.mutants --provider NAME`` runs them all and prints which were caught by what.
"""

from conformance.mutants.registry import MUTANTS, Mutant, load_mutants

__all__ = ["MUTANTS", "Mutant", "load_mutants"]
