"""Tests of completion()."""
