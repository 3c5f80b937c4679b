"""Anthropic's Messages API, from its requests to its errors."""
