"""Tests of the OpenAI Chat Completions codec, through its public face."""
