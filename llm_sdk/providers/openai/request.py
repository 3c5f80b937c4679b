"""``LanguageModelInput`` <-> the body of ``POST /v1/responses``.

A request that is read here and written again loses nothing: what has no unified field goes into ``extra``, at the place
where it stood, and a whole item or content part without a unified form becomes an opaque part.
"""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from llm_sdk.capabilities import check
from llm_sdk.codec import ModelCall, WireRequest, dump_json, merge_extra
from llm_sdk.errors import InvalidInputError, InvariantError
from llm_sdk.providers.openai import wire
from llm_sdk.providers.openai.capabilities import CAPABILITIES
from llm_sdk.providers.openai.content import (
    PROVIDER,
    decode_input_content,
    decode_item,
    encode_assistant,
    encode_input_content,
    split_summary,
)
from llm_sdk.providers.openai.endpoint import PATH
from llm_sdk.types import (
    AssistantMessage,
    JsonObject,
    JsonResponseFormat,
    LanguageModelInput,
    Message,
    OpaquePart,
    OpaqueTool,
    Part,
    ReasoningOptions,
    ResponseFormatOption,
    SystemMessage,
    TextPart,
    TextResponseFormat,
    Tool,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceOption,
    ToolChoiceRequired,
    ToolChoiceTool,
    ToolMessage,
    ToolOption,
    ToolResultPart,
    UserLocation,
    UserMessage,
    WebSearchTool,
)

IMAGE_TOOL = "image_generation"
EFFORTS = {1000: "minimal", 2000: "low", 3000: "medium", 4000: "high"}
TOOL_CHOICES: dict[str, ToolChoiceOption] = {
    "auto": ToolChoiceAuto(),
    "none": ToolChoiceNone(),
    "required": ToolChoiceRequired(),
}
OPTIONS = {
    "instructions": "system_prompt",
    "max_output_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "parallel_tool_calls": "parallel_tool_calls",
    "metadata": "metadata",
}
LOCATION = ("city", "region", "country", "timezone")
# What the API takes for granted, so that its absence means the same (OpenAI's OpenAPI document).
DEFAULTS: JsonObject = {
    "store": True,
    "stream": False,
    "background": False,
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "truncation": "disabled",
    "include": [],
    "tools": [],
    "metadata": {},
    "reasoning": {},
    "text": {},
}
ITEM_DEFAULTS: JsonObject = {
    "status": "completed",
    "detail": "auto",
    "annotations": [],
    "logprobs": [],
    "content": [],
    "name": None,
}


def encode_request(model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
    """Raises UnsupportedError or InvalidInputError, with the path of what cannot be sent."""
    check(input, CAPABILITIES, PROVIDER)
    warnings: list[str] = []
    body = encode_body(model_id, input, warnings)
    if stream:
        body["stream"] = True
    body = merge_extra(body, input.extra or {})
    headers = {"content-type": "application/json", "accept": "text/event-stream" if stream else "application/json"}
    return WireRequest("POST", PATH, dump_json(body), headers, tuple(warnings))


def encode_body(model_id: str, input: LanguageModelInput, warnings: list[str]) -> JsonObject:
    """The body before ``extra``. ``store`` is false: a conversation is carried by its messages, not by the provider."""
    body: JsonObject = {"model": model_id, "input": list(encode_messages(input.messages, warnings)), "store": False}
    for name, field in OPTIONS.items():
        if (value := getattr(input, field)) is not None:
            body[name] = value
    tools = [encode_tool(tool, warnings) for tool in input.tools or ()]
    if "image" in (input.modalities or ()):
        tools.append({"type": IMAGE_TOOL})
    if input.tools is not None or tools:
        body["tools"] = [tool for tool in tools if tool is not None]
    if input.tool_choice is not None:
        body["tool_choice"] = encode_tool_choice(input.tool_choice)
    if input.response_format is not None:
        body["text"] = {"format": encode_format(input.response_format)}
    if input.reasoning is not None:
        body["reasoning"] = encode_reasoning_options(input.reasoning)
    if include := implied_include(input):
        body["include"] = include
    return body


def implied_include(input: LanguageModelInput) -> list[str]:
    """What an answer must bring along so that it can be sent back as history without loss."""
    include = []
    if input.reasoning is not None and input.reasoning.enabled:
        include.append(wire.INCLUDE_ENCRYPTED_REASONING)
    if any(isinstance(tool, WebSearchTool) for tool in input.tools or ()):
        include.append(wire.INCLUDE_SEARCH_SOURCES)
    return include


def encode_messages(messages: list[Message], warnings: list[str]) -> Iterator[JsonObject]:
    """The input items of a conversation."""
    for at, message in enumerate(messages):
        path = f"messages[{at}]"
        match message:
            case AssistantMessage():
                yield from encode_assistant(message, path, warnings)
            case ToolMessage():
                for inner, part in enumerate(message.content):
                    if isinstance(part, ToolResultPart):
                        yield encode_tool_result(part, f"{path}.content[{inner}]", warnings)
            case UserMessage() | SystemMessage():
                role = "user" if message.role == "user" else "developer"
                content = list(encode_input_content(message.content, path, warnings))
                yield {"type": "message", "role": role, "content": content}


def encode_tool_result(part: ToolResultPart, path: str, warnings: list[str]) -> JsonObject:
    """One item whatever the number of parts: the API takes a second output for one ``call_id`` as an error."""
    if part.is_error:
        warnings.append(f"is_error: {path} is sent as it is, this protocol cannot say that a tool has failed")
    output: Any = list(encode_input_content(part.content, path, warnings))
    if not output:
        output = ""
    elif len(part.content) == 1 and isinstance(part.content[0], TextPart):
        output = part.content[0].text
    return {"type": "function_call_output", "call_id": part.tool_call_id, "output": output}


def encode_tool(tool: ToolOption, warnings: list[str]) -> JsonObject | None:
    """A tool; None, with a warning, for a hosted tool of another provider."""
    match tool:
        case OpaqueTool():
            if tool.provider == PROVIDER:
                return tool.data
            warnings.append(f"tool: a hosted tool of {tool.provider} was left out")
            return None
        case WebSearchTool():
            search: JsonObject = {"type": "web_search"}
            if tool.allowed_domains is not None:
                search["filters"] = {"allowed_domains": tool.allowed_domains}
            if tool.user_location is not None:
                search["user_location"] = {"type": "approximate", **tool.user_location.model_dump()}
            return search
    function: JsonObject = {"type": "function", "name": tool.name}
    if tool.description:
        function["description"] = tool.description
    return {**function, "parameters": tool.parameters, "strict": allows_strict(tool.parameters)}


def allows_strict(schema: Any) -> bool:
    """Whether a schema fits strict mode: closed objects, and every property required, all the way down."""
    if isinstance(schema, list):
        return all(map(allows_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
        return all(map(allows_strict, properties.values())) and all(
            allows_strict(value) for key, value in schema.items() if key != "properties"
        )
    return all(map(allows_strict, schema.values()))


def encode_tool_choice(choice: ToolChoiceOption) -> str | JsonObject:
    """``tool_choice``."""
    return {"type": "function", "name": choice.tool_name} if isinstance(choice, ToolChoiceTool) else choice.type


def encode_format(format: ResponseFormatOption) -> JsonObject:
    """``text.format``."""
    if isinstance(format, TextResponseFormat):
        return {"type": "text"}
    if format.json_schema is None:
        return {"type": "json_object"}
    described = {} if format.description is None else {"description": format.description}
    strict = allows_strict(format.json_schema)
    return {"type": "json_schema", "name": format.name, **described, "schema": format.json_schema, "strict": strict}


def encode_reasoning_options(options: ReasoningOptions) -> JsonObject:
    """A budget is one of those that stand for an effort (see the capabilities); an effort outranks it."""
    if not options.enabled:
        return {"effort": "none"}
    effort = options.effort or EFFORTS.get(options.budget_tokens or 0)
    return {"effort": effort, "summary": "auto"} if effort else {"summary": "auto"}


def decode_request(request: WireRequest) -> ModelCall:
    """Raises InvalidInputError, with the path in the provider's words, for a body that the API would refuse."""
    try:
        body = wire.Request.model_validate_json(request.body)
    except ValidationError as error:
        raise _refuse(error) from None
    return _RequestReader(body).read()


def _refuse(error: ValidationError) -> InvalidInputError:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return InvalidInputError("We could not parse the JSON body of your request.", provider=PROVIDER)
    # A union puts the tag of its member into the location, between the position and the field.
    path = ""
    tags = {"list", "str", "message", "unknown", "function-after", "dict"}
    for step in first["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in tags and not step.startswith(("list[", "dict[", "input_", "output_", "function")):
            path += f".{step}" if path else step
    if first["type"] == "missing":
        return InvalidInputError(f"Missing required parameter: '{path}'.", path=path, provider=PROVIDER)
    return InvalidInputError(f"Invalid value for '{path}': {first['msg']}.", path=path, provider=PROVIDER)


class _RequestReader:
    """Reads one body; ``extra`` and ``warnings`` grow as fields without a unified place are met."""

    def __init__(self, body: wire.Request) -> None:
        self._body = body
        self._extra: JsonObject = body.rest(*wire.Request.model_fields)
        self._warnings: list[str] = []
        self._tool_names: dict[str, str] = {}

    def read(self) -> ModelCall:
        body = self._body
        fields: JsonObject = {field: getattr(body, name) for name, field in OPTIONS.items()}
        if body.metadata is not None and not all(isinstance(value, str) for value in body.metadata.values()):
            del fields["metadata"]
            self._keep("metadata", value=body.metadata)
        fields["messages"] = self._messages()
        fields["tools"], fields["modalities"] = self._tools()
        fields["tool_choice"] = self._tool_choice()
        fields["response_format"] = self._format()
        fields["reasoning"] = self._reasoning()
        input = LanguageModelInput(**fields)
        if body.store is not False:
            self._keep("store", value=True)
        if (body.include or []) != implied_include(input):
            self._keep("include", value=body.include or [])
        if self._extra:
            input = input.model_copy(update={"extra": self._extra})
        return ModelCall(body.model, input, bool(body.stream), tuple(self._warnings))

    def _keep(self, *path: str, value: Any) -> None:
        """Put a field without a unified place into ``extra``, where :func:`merge_extra` finds its way back."""
        into = self._extra
        for step in path[:-1]:
            into = into.setdefault(step, {})
        into[path[-1]] = value

    def _keep_rest(self, rest: JsonObject, *path: str) -> None:
        for name, value in rest.items():
            if value is not None and value != ITEM_DEFAULTS.get(name):
                self._keep(*path, name, value=value)

    def _messages(self) -> list[Message]:
        if isinstance(self._body.input, str):
            return [UserMessage(content=[TextPart(text=self._body.input)])]
        messages: list[Message] = []
        for at, item in enumerate(self._body.input):
            message = self._item(item, ("input", str(at)))
            last = messages[-1] if messages else None
            if isinstance(message, ToolMessage) and isinstance(last, ToolMessage):
                messages[-1] = ToolMessage(content=[*last.content, *message.content])
            elif isinstance(message, AssistantMessage) and isinstance(last, AssistantMessage) and _joins(last, message):
                messages[-1] = AssistantMessage(content=[*last.content, *message.content])
            else:
                messages.append(message)
        return messages

    def _item(self, item: wire.Item, path: tuple[str, ...]) -> Message:
        match item:
            case wire.Message(role="user" | "system" | "developer"):
                return self._input_message(item, path)
            case wire.FunctionCallOutput():
                return self._tool_result(item, path)
            case wire.FunctionCall():
                self._tool_names[item.call_id] = item.name
        try:
            parts = decode_item(item, self._warnings)
        except InvariantError as error:
            # A history may hold arguments that never were JSON.
            self._warnings.append(f"arguments: {error.message}")
            parts = [OpaquePart(provider=PROVIDER, data=item.model_dump(exclude_unset=True))]
        if not any(isinstance(part, OpaquePart) for part in parts):
            self._keep_item_rest(item, path)
        return AssistantMessage(content=parts)

    def _keep_item_rest(self, item: wire.Item, path: tuple[str, ...]) -> None:
        """Fields of an item of the model that its parts do not hold."""
        match item:
            case wire.Message():
                self._keep_rest(item.rest("type", "role", "content", "id", "phase"), *path)
                if item.id is not None and not item.id.startswith(wire.MESSAGE_ID):
                    self._keep(*path, "id", value=item.id)
                for at, content in enumerate(item.content if isinstance(item.content, list) else ()):
                    self._keep_rest(content.rest("type", "text", "annotations"), *path, "content", str(at))
            case wire.Reasoning():
                self._keep_rest(item.rest("type", "id", "summary", "encrypted_content"), *path)
                joined = "\n".join(summary.text for summary in item.summary)
                if [summary.text for summary in item.summary] != split_summary(joined) or item.content:
                    self._keep(*path, "summary", value=[summary.model_dump() for summary in item.summary])
            case wire.FunctionCall():
                self._keep_rest(item.rest("type", "call_id", "name", "arguments", "id"), *path)
                if item.id is not None and not item.id.startswith(wire.FUNCTION_CALL_ID):
                    self._keep(*path, "id", value=item.id)
            case wire.WebSearchCall():
                self._keep_rest(item.rest("type", "id", "action", "status"), *path)
                if item.status not in (None, "completed", "failed"):
                    self._keep(*path, "status", value=item.status)
            case wire.ImageGenerationCall():
                self._keep_rest(item.rest("type", "id", "result", "output_format", "size"), *path)

    def _input_message(self, item: wire.Message, path: tuple[str, ...]) -> Message:
        self._keep_rest(item.rest("type", "role", "content"), *path)
        if item.role == "system":
            self._keep(*path, "role", value="system")
        content = (
            item.content if isinstance(item.content, list) else [wire.InputText(type="input_text", text=item.content)]
        )
        parts = [self._input_content(part, (*path, "content", str(at))) for at, part in enumerate(content)]
        return UserMessage(content=parts) if item.role == "user" else SystemMessage(content=parts)

    def _input_content(self, content: wire.Content, path: tuple[str, ...]) -> Part:
        part = decode_input_content(content)
        if part is None:
            self._warnings.append(f"{content.type}: this content has no unified form and is kept as an opaque part")
            return OpaquePart(provider=PROVIDER, data=content.model_dump(exclude_unset=True))
        taken = ("type", "text", "image_url", "file_url", "file_data", "filename")
        self._keep_rest(content.rest(*taken), *path)
        return part

    def _tool_result(self, item: wire.FunctionCallOutput, path: tuple[str, ...]) -> ToolMessage:
        content: list[Part] = []
        if isinstance(item.output, str):
            content = [TextPart(text=item.output)] if item.output else []
        else:
            content = [self._input_content(part, (*path, "output", str(at))) for at, part in enumerate(item.output)]
            if len(content) <= 1:
                # One text goes back as a plain string.
                raw = [part.model_dump(exclude_unset=True) for part in item.output]
                self._keep(*path, "output", value=raw)
        self._keep_rest(item.rest("type", "call_id", "output"), *path)
        name = self._tool_names.get(item.call_id, item.name or "")
        return ToolMessage(content=[ToolResultPart(tool_call_id=item.call_id, tool_name=name, content=content)])

    def _tools(self) -> tuple[list[ToolOption] | None, list[str] | None]:
        tools: list[ToolOption] = []
        modalities = None
        wired = self._body.tools
        for at, tool in enumerate(wired or ()):
            path = ("tools", str(at))
            match tool:
                case wire.FunctionTool():
                    tools.append(self._function(tool, path))
                case wire.WebSearchTool():
                    tools.append(self._web_search(tool, path))
                case wire.Unknown(type="image_generation") if at + 1 == len(wired or ()):
                    modalities = ["text", "image"]
                    self._keep_rest(tool.rest("type"), *path)
                case _:
                    self._warnings.append(f"{tool.type}: this tool has no unified form and is kept as an opaque tool")
                    tools.append(OpaqueTool(provider=PROVIDER, data=tool.model_dump(exclude_unset=True)))
        return (tools if tools or (wired is not None and modalities is None) else None), modalities

    def _function(self, tool: wire.FunctionTool, path: tuple[str, ...]) -> Tool:
        parameters = tool.parameters if tool.parameters is not None else {"type": "object", "properties": {}}
        if tool.strict is not None and tool.strict != allows_strict(parameters):
            self._keep(*path, "strict", value=tool.strict)
        self._keep_rest(tool.rest("type", "name", "description", "parameters", "strict"), *path)
        return Tool(name=tool.name, description=tool.description or "", parameters=parameters)

    def _web_search(self, tool: wire.WebSearchTool, path: tuple[str, ...]) -> WebSearchTool:
        filters, location = dict(tool.filters or {}), dict(tool.user_location or {})
        domains = filters.pop("allowed_domains", None)
        known = {name: location.pop(name) for name in LOCATION if location.get(name) is not None}
        location.pop("type", None)
        if tool.type != "web_search":
            self._keep(*path, "type", value=tool.type)
        self._keep_rest(filters, *path, "filters")
        self._keep_rest(location, *path, "user_location")
        self._keep_rest(tool.rest("type", "filters", "user_location"), *path)
        return WebSearchTool(
            allowed_domains=domains,
            user_location=UserLocation(**known) if tool.user_location is not None else None,
        )

    def _tool_choice(self) -> ToolChoiceOption | None:
        match self._body.tool_choice:
            case None:
                return None
            case str(choice) if choice in TOOL_CHOICES:
                return TOOL_CHOICES[choice]
            case {"type": "function", "name": str(name), **rest} if not rest:
                return ToolChoiceTool(tool_name=name)
            case other:
                self._keep("tool_choice", value=other)
                return None

    def _format(self) -> ResponseFormatOption | None:
        text = self._body.text
        if text is None:
            return None
        self._keep_rest(text.rest("format"), "text")
        format: Any = text.format
        match format:
            case {"type": "text"}:
                return TextResponseFormat()
            case {"type": "json_object"}:
                return JsonResponseFormat(name="json_object")
            case {"type": "json_schema", "name": str(name), "schema": dict(schema)}:
                rest = {key: value for key, value in format.items() if key not in ("type", "name", "schema")}
                strict = bool(rest.pop("strict", None))
                if strict != allows_strict(schema):
                    self._keep("text", "format", "strict", value=strict)
                description = rest.pop("description", None)
                self._keep_rest(rest, "text", "format")
                return JsonResponseFormat.model_validate({"name": name, "description": description, "schema": schema})
            case None:
                return None
            case other:
                self._keep("text", "format", value=other)
                return None

    def _reasoning(self) -> ReasoningOptions | None:
        options = self._body.reasoning
        if options is None:
            return None
        rest = options.rest("effort", "summary")
        effort, summary = options.effort, options.summary
        if effort == "none" and summary is None:
            self._keep_rest(rest, "reasoning")
            return ReasoningOptions(enabled=False)
        if effort is None and summary is None:
            self._keep_rest(rest, "reasoning")
            return None
        known = effort in CAPABILITIES.reasoning_efforts
        if effort is not None and not known:
            self._keep("reasoning", "effort", value=effort)
        if summary != "auto":
            self._keep("reasoning", "summary", value=summary)
        self._keep_rest(rest, "reasoning")
        return ReasoningOptions.model_validate({"effort": effort if known else None})


def _joins(last: AssistantMessage, message: AssistantMessage) -> bool:
    """Whether an item goes on in the same turn. Two messages without ids, side by side, are two turns."""
    before = last.content[-1] if last.content else None
    after = message.content[0] if message.content else None
    if before is None or after is None:
        return False
    if not isinstance(before, TextPart) or not isinstance(after, TextPart):
        return True
    return before.signature is not None and before.signature != after.signature


def normalize_request(body: Any) -> Any:
    """The same request with defaults left out and short forms written out, for comparing two bodies.

    Null means absent at every place that this looks at; arguments of calls are compared as JSON, not as text.
    """
    if not isinstance(body, dict):
        return body
    request = {name: value for name, value in body.items() if value is not None and value != DEFAULTS.get(name)}
    content = request.get("input")
    if isinstance(content, str):
        content = [{"role": "user", "content": content}]
    if isinstance(content, list):
        request["input"] = [_normalize_item(item) for item in content]
    if isinstance(tools := request.get("tools"), list):
        request["tools"] = [_normalize_tool(tool) for tool in tools]
    for name in ("reasoning", "text"):
        if isinstance(options := request.get(name), dict):
            request[name] = _drop(options, {})
            if not request[name]:
                del request[name]
    if isinstance(text := request.get("text"), dict) and isinstance(format := text.get("format"), dict):
        request["text"] = {**text, "format": _drop(format, {"strict": False})}
        if request["text"] == {"format": {"type": "text"}}:
            del request["text"]
    return request


def _drop(value: JsonObject, defaults: JsonObject) -> JsonObject:
    return {key: item for key, item in value.items() if item is not None and item != defaults.get(key)}


def _normalize_item(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    item = _drop(item, {"status": "completed", "content": [] if item.get("type") == "reasoning" else None})
    kind = item.setdefault("type", "message")
    if kind == "message":
        texts = "output_text" if item.get("role") == "assistant" else "input_text"
        content = item.get("content")
        if isinstance(content, str):
            content = [{"type": texts, "text": content}]
        if isinstance(content, list):
            item["content"] = [_drop(part, ITEM_DEFAULTS) if isinstance(part, dict) else part for part in content]
    elif kind == "function_call" and isinstance(item.get("arguments"), str):
        item["arguments"] = _parsed(item["arguments"])
    elif kind == "function_call_output" and isinstance(item.get("output"), list):
        item["output"] = [_drop(part, ITEM_DEFAULTS) if isinstance(part, dict) else part for part in item["output"]]
    elif kind == "web_search_call" and isinstance(item.get("action"), dict):
        item["action"] = _drop(item["action"], {"sources": []})
    return item


def _parsed(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


def _normalize_tool(tool: Any) -> Any:
    if not isinstance(tool, dict):
        return tool
    tool = _drop(tool, {"description": ""})
    if tool.get("type") == "function":
        tool.setdefault("parameters", {"type": "object", "properties": {}})
        tool.setdefault("strict", allows_strict(tool["parameters"]))
    if isinstance(location := tool.get("user_location"), dict):
        tool["user_location"] = {"type": "approximate", **_drop(location, {})}
    if tool.get("type", "").startswith("web_search") and not tool.get("filters", True):
        del tool["filters"]
    return tool
