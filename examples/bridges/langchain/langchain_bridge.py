"""LangChain's chat models as an adapter: one of its partner packages for each provider."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any

from bridging import Bridge, declared
from langchain_core.messages import BaseMessage
from langchain_messages import Indices, messages_of, partials_of, response_of

from llm_sdk import LanguageModelInput, ModelResponse, PartialModelResponse

__all__ = ["create"]

OPTIONS = {
    "google": {"max_tokens": "max_output_tokens"},
    "cohere": {"top_p": "p", "stop": "stop_sequences"},
}
"""What a partner package calls an option otherwise than the rest."""


class LangChain(Bridge):
    """One chat model."""

    def __init__(self, provider: str, model_id: str, chat: Any) -> None:
        super().__init__(provider, model_id, declared(__file__, provider))
        self._chat = chat

    def _call(self, input: LanguageModelInput) -> tuple[Any, list[BaseMessage], dict[str, Any]]:
        return self._bound(input), messages_of(input), self._options(input)

    def _bound(self, input: LanguageModelInput) -> Any:
        if not input.tools:
            return self._chat
        tools = [tool.model_dump(include={"name", "description", "parameters"}) for tool in input.tools]
        functions = [_function(tool, self.provider) for tool in tools]
        choice = input.tool_choice
        if choice is None:
            return self._chat.bind_tools(functions)
        word = choice.tool_name if choice.type == "tool" else {"required": "any"}.get(choice.type, choice.type)
        return self._chat.bind_tools(functions, tool_choice=word)

    def _options(self, input: LanguageModelInput) -> dict[str, Any]:
        names = OPTIONS.get(self.provider, {})
        values = {name: getattr(input, name) for name in self.capabilities.options}
        said = {names.get(name, name): value for name, value in values.items() if value is not None}
        if (format := input.response_format) is not None and format.type == "json":
            schema = {"name": format.name, "description": format.description, "schema": format.json_schema}
            known = {name: value for name, value in schema.items() if value is not None}
            said["response_format"] = (
                {"type": "json_schema", "json_schema": {**known, "strict": True}}
                if format.json_schema is not None
                else {"type": "json_object"}
            )
        return {**said, **(input.extra or {})}

    async def ask(self, input: LanguageModelInput) -> ModelResponse:
        chat, messages, options = self._call(input)
        return response_of(await chat.ainvoke(messages, **options))

    def ask_plain(self, input: LanguageModelInput) -> ModelResponse:
        chat, messages, options = self._call(input)
        return response_of(chat.invoke(messages, **options))

    async def tell(self, input: LanguageModelInput) -> AsyncGenerator[PartialModelResponse, None]:
        chat, messages, options = self._call(input)
        indices = Indices()
        async with aclosing(chat.astream(messages, **options)) as chunks:
            async for chunk in chunks:
                for partial in partials_of(chunk, indices):
                    yield partial

    def tell_plain(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        chat, messages, options = self._call(input)
        indices = Indices()
        for chunk in chat.stream(messages, **options):
            yield from partials_of(chunk, indices)


def _function(tool: dict[str, Any], provider: str) -> dict[str, Any]:
    """A tool as the partner packages take it; that of Cohere takes a schema with a title."""
    if provider == "cohere":
        return {**tool["parameters"], "title": tool["name"], "description": tool["description"]}
    return {"type": "function", "function": tool}


def _openai(*, responses: bool) -> Callable[..., Any]:
    def make(**known: Any) -> Any:
        from langchain_openai import ChatOpenAI

        return ChatOpenAI(**known, use_responses_api=responses, stream_usage=True)

    return make


def _anthropic(**known: Any) -> Any:
    from langchain_anthropic import ChatAnthropic

    return ChatAnthropic(**known)


def _google(**known: Any) -> Any:
    from langchain_google_genai import ChatGoogleGenerativeAI

    return ChatGoogleGenerativeAI(**known)


def _mistral(**known: Any) -> Any:
    from langchain_mistralai import ChatMistralAI

    return ChatMistralAI(**{**known, "base_url": f"{known['base_url']}/v1"})


def _cohere(**known: Any) -> Any:
    from langchain_cohere import ChatCohere

    return ChatCohere(model=known["model"], cohere_api_key=known["api_key"], base_url=known["base_url"])


MODELS: dict[str, Callable[..., Any]] = {
    "openai": _openai(responses=True),
    "openai-chat-completion": _openai(responses=False),
    "anthropic": _anthropic,
    "google": _google,
    "mistral": _mistral,
    "cohere": _cohere,
}


def create(*, provider: str, base_url: str, api_key: str, model_id: str, http_client: object) -> LangChain:
    """The factory for ``--adapter``. The partner packages make their own clients."""
    del http_client
    return LangChain(provider, model_id, MODELS[provider](model=model_id, base_url=base_url, api_key=api_key))
