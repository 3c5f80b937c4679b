"""Gemini: exact requests, answers, streams and errors, and the laws of its codec."""
