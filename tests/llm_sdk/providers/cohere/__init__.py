"""Tests of the Cohere codec, through its public face."""
