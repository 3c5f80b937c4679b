"""Tests of the Mistral codec."""
