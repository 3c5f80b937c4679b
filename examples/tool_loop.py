"""A tool loop on completion(), offline: the mock server is the provider, and wants the weather before it answers."""

from typing import Any

from llm_sdk import completion, get_model
from mock_server import MockServer, tool_call


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"18 degrees and sunny in {city}"


def answer(model: Any, history: list[Any]) -> str:
    """Ask, run the tools that are called, and ask again until none is."""
    while True:
        run = completion(model=model, history=history, tools=[get_weather])
        for token in run.token_stream:
            print(token, end="", flush=True)
        history.append(run.final.message)
        results = [(call.id, call.invoke()) for call in run.tool_calls]
        results += [(error.id, error.message) for error in run.final.tool_errors if error.id]
        if not results:
            return run.text
        history += [{"role": "tool", "tool_call_id": id, "content": result} for id, result in results]


def main(provider: str = "openai") -> None:
    """Play the whole conversation."""
    with MockServer() as mock:
        scenario = mock.on(last_user="Paris").reply("Let me see. ", tool_call("get_weather", {"city": "Paris"}))
        scenario.reply("It is {{ tool_result }}.\n")
        with get_model(provider, "any-model", api_key="none", base_url=mock.base_url(provider)) as model:
            answer(model, [{"role": "user", "content": "What is the weather in Paris?"}])


if __name__ == "__main__":
    main()
