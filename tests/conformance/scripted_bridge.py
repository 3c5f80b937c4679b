"""A bridge for tests: the reference adapter behind lines of JSON, or one of several ways to go wrong.

python scripted_bridge.py [WAY]
"""

import json
import os
import sys
import time
from typing import Any

WAY = sys.argv[1] if len(sys.argv) > 1 else "good"


def write(message: Any) -> None:
    sys.stdout.write(message if isinstance(message, str) else json.dumps(message))
    sys.stdout.write("\n")
    sys.stdout.flush()


def told(error: Any) -> dict[str, Any]:
    """An error as the protocol writes it: messages without the path that stands beside them."""
    names = ("provider", "request_id", "status_code", "code", "retry_after", "body", "path", "refusal")
    fields = {name: getattr(error, name) for name in names if getattr(error, name, None)}
    message = error.message.removeprefix(f"{fields.get('path')}: ")
    response = getattr(error, "response", None)
    if response is not None:
        fields["response"] = response.model_dump(mode="json")
    return {"type": type(error).__name__, "message": message, **fields}


def serve(request: dict[str, Any]) -> None:
    from llm_sdk.errors import LanguageModelError  # where it is used: the ways to go wrong start sooner without
    from llm_sdk.registry import get_model
    from llm_sdk.types import LanguageModelInput

    id, input = request["id"], LanguageModelInput.model_validate(request["input"])
    place = {name: request[name] for name in ("base_url", "api_key")}
    try:
        with get_model(request["provider"], request["model_id"], **place) as model:
            if request["op"] == "generate":
                write({"id": id, "response": model.generate_sync(input).model_dump(mode="json")})
                return
            for partial in model.stream_sync(input):
                write({"id": id, "partial": partial.model_dump(mode="json")})
            write({"id": id, "end": True})
    except LanguageModelError as error:
        write({"id": id, "error": told(error)})


def go_wrong(request: dict[str, Any]) -> None:
    id = request["id"]
    if WAY == "dies":
        print("out of cheese", file=sys.stderr)
        os._exit(3)
    if WAY == "silent":
        time.sleep(60)
    wrong: dict[str, Any] = {
        "chatty": "connecting ...",
        "no-id": {"response": {}},
        "wrong-response": {"id": id, "response": {"content": [{"type": "text"}]}},
        "wrong-kind": {"id": id, "end": True},
        "odd-error": {"id": id, "error": {"type": "Error", "message": "x is not a function"}},
        "bare-error": {"id": id, "error": "no"},
    }
    write(wrong[WAY])


def main() -> None:
    if WAY == "never-answers":
        sys.stdin.read()
    if WAY == "stillborn":
        sys.exit("Cannot find module 'openai'")
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "hello":
            version = 7 if WAY == "later" else request["version"]
            write(
                {"id": request["id"], "hello": {"version": version, "metadata": {"capabilities": {"text_input": True}}}}
            )
        elif request["op"] != "cancel":
            (serve if WAY == "good" else go_wrong)(request)


if __name__ == "__main__":
    main()
