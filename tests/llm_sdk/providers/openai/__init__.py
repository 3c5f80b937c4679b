"""Tests of the OpenAI Responses codec, through its public face."""
