"""The official Python clients, each made once, and how each asks: without retries, with a header of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anthropic
import cohere
import openai
from google import genai
from google.genai import types
from mistralai.client import Mistral
from mistralai.client.utils import BackoffStrategy, RetryConfig

from mock_server import MockServer

__all__ = ["CLIENTS", "Question"]


@dataclass(frozen=True)
class Question:
    """What is asked: ``patience`` is the client's timeout, in seconds."""

    headers: dict[str, str]
    stream: bool = False
    model: str = "model-1"
    patience: float = 20.0
    said: str = "Ça va?"


@contextmanager
def responses(mock: MockServer) -> Iterator[Callable[[Question], str]]:
    with openai.OpenAI(base_url=mock.base_url("openai"), api_key="k", max_retries=0) as client:

        def ask(question: Question) -> str:
            options: Any = {"extra_headers": question.headers, "timeout": question.patience}
            request: Any = {"model": question.model, "input": question.said, **options}
            if not question.stream:
                return client.responses.create(**request).output_text
            with client.responses.create(**request, stream=True) as events:
                return "".join(event.delta for event in events if event.type == "response.output_text.delta")

        yield ask


@contextmanager
def chat_completions(mock: MockServer) -> Iterator[Callable[[Question], str]]:
    with openai.OpenAI(base_url=mock.base_url("openai-chat-completion"), api_key="k", max_retries=0) as client:

        def ask(question: Question) -> str:
            options: Any = {"extra_headers": question.headers, "timeout": question.patience}
            request: Any = {"model": question.model, "messages": [user(question)], **options}
            if not question.stream:
                return client.chat.completions.create(**request).choices[0].message.content or ""
            with client.chat.completions.create(**request, stream=True) as chunks:
                return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

        yield ask


@contextmanager
def messages(mock: MockServer) -> Iterator[Callable[[Question], str]]:
    with anthropic.Anthropic(base_url=mock.base_url("anthropic"), api_key="k", max_retries=0) as client:

        def ask(question: Question) -> str:
            options: Any = {"extra_headers": question.headers, "timeout": question.patience}
            request: Any = {"model": question.model, "max_tokens": 99, "messages": [user(question)], **options}
            if not question.stream:
                return "".join(block.text for block in client.messages.create(**request).content)
            with client.messages.stream(**request) as events:
                return str(events.get_final_text())

        yield ask


@contextmanager
def generate_content(mock: MockServer) -> Iterator[Callable[[Question], str]]:
    with genai.Client(api_key="k", http_options=types.HttpOptions(base_url=mock.base_url("google"))) as client:

        def ask(question: Question) -> str:
            http = types.HttpOptions(headers=question.headers, timeout=int(question.patience * 1000))
            request: Any = {"model": question.model, "contents": question.said, "config": {"http_options": http}}
            if not question.stream:
                return client.models.generate_content(**request).text or ""
            return "".join(chunk.text or "" for chunk in client.models.generate_content_stream(**request))

        yield ask


@contextmanager
def chat(mock: MockServer) -> Iterator[Callable[[Question], str]]:
    with cohere.ClientV2(base_url=mock.base_url("cohere"), api_key="k") as client:

        def ask(question: Question) -> str:
            options: Any = {
                "max_retries": 0,
                "additional_headers": question.headers,
                "timeout_in_seconds": question.patience,
            }
            request: Any = {"model": question.model, "messages": [user(question)], "request_options": options}
            if not question.stream:
                parts = client.chat(**request).message.content or ()
                return "".join(part.text for part in parts if part.type == "text")
            events: Any = client.chat_stream(**request)
            return "".join(event.delta.message.content.text for event in events if event.type == "content-delta")

        yield ask


@contextmanager
def complete(mock: MockServer) -> Iterator[Callable[[Question], str]]:
    never = RetryConfig("none", BackoffStrategy(1, 1, 1, 1), retry_connection_errors=False)
    with Mistral(server_url=mock.base_url("mistral"), api_key="k", retry_config=never) as client:

        def ask(question: Question) -> str:
            options: Any = {"http_headers": question.headers, "timeout_ms": int(question.patience * 1000)}
            request: Any = {"model": question.model, "messages": [user(question)], **options}
            if not question.stream:
                return str(client.chat.complete(**request).choices[0].message.content)
            with client.chat.stream(**request) as events:
                return "".join(str(event.data.choices[0].delta.content or "") for event in events)

        yield ask


def user(question: Question) -> dict[str, str]:
    return {"role": "user", "content": question.said}


CLIENTS = {
    "openai": responses,
    "openai-chat-completion": chat_completions,
    "anthropic": messages,
    "google": generate_content,
    "cohere": chat,
    "mistral": complete,
}
