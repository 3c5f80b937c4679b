// The unified input -> the parameters of the client.
import { BridgeError } from "./errors.mjs";

const SAME_NAME = ["temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "stop", "parallel_tool_calls"];
const CARRIED = new Set([...SAME_NAME, "system_prompt", "messages", "tools", "tool_choice", "response_format", "max_tokens",
  "metadata", "extra"]);

function unsupported(path, what) {
  return new BridgeError("UnsupportedError", `${what} is not carried by this bridge`, { path });
}

export function writeRequest({ model_id: model, input }, stream) {
  for (const name of Object.keys(input)) {
    if (!CARRIED.has(name)) throw unsupported(name, name);
  }
  const params = { model, messages: writeMessages(input), stream };
  if (stream) params.stream_options = { include_usage: true };
  for (const name of SAME_NAME) if (input[name] !== undefined) params[name] = input[name];
  if (input.max_tokens !== undefined) params.max_completion_tokens = input.max_tokens;
  if (input.metadata !== undefined) params.metadata = input.metadata;
  if (input.tools) params.tools = input.tools.map(writeTool);
  if (input.tool_choice) params.tool_choice = writeToolChoice(input.tool_choice);
  if (input.response_format) params.response_format = writeResponseFormat(input.response_format);
  return merge(params, input.extra ?? {});
}

function merge(value, extra) {
  for (const [name, item] of Object.entries(extra)) {
    const both = isObject(value[name]) && isObject(item);
    value[name] = both ? merge(value[name], item) : item;
  }
  return value;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function writeMessages(input) {
  const messages = input.system_prompt ? [{ role: "system", content: input.system_prompt }] : [];
  input.messages.forEach((message, at) => messages.push(...writeMessage(message, `messages[${at}]`)));
  return messages;
}

function writeMessage(message, path) {
  const here = (at) => `${path}.content[${at}]`;
  if (message.role === "tool") return message.content.map((part, at) => writeToolResult(part, here(at)));
  if (message.role === "assistant") return [writeAssistant(message, here)];
  return [{ role: message.role, content: message.content.map((part, at) => writePart(part, here(at))) }];
}

function writeToolResult(part, path) {
  const content = part.content.map((item, at) => writeText(item, `${path}.content[${at}]`));
  return { role: "tool", tool_call_id: part.tool_call_id, content };
}

function writeAssistant(message, here) {
  const content = [];
  const calls = [];
  message.content.forEach((part, at) => {
    if (part.type === "tool-call") {
      const { tool_call_id: id, tool_name: name, args } = part;
      calls.push({ id, type: "function", function: { name, arguments: JSON.stringify(args) } });
    } else {
      content.push(writeText(part, here(at)));
    }
  });
  const written = { role: "assistant", content: content.length ? content : null };
  if (calls.length) written.tool_calls = calls;
  return written;
}

function writeText(part, path) {
  if (part.type !== "text") throw unsupported(path, part.type);
  return { type: "text", text: part.text };
}

function writePart(part, path) {
  if (part.type !== "image") return writeText(part, path);
  const url = part.url ?? `data:${part.mime_type};base64,${part.data}`;
  return { type: "image_url", image_url: { url } };
}

function writeTool(tool, at) {
  if (tool.type !== undefined && tool.type !== "function") throw unsupported(`tools[${at}]`, tool.type);
  const { name, description, parameters } = tool;
  return { type: "function", function: { name, ...(description && { description }), parameters } };
}

function writeToolChoice(choice) {
  return choice.type === "tool" ? { type: "function", function: { name: choice.tool_name } } : choice.type;
}

function writeResponseFormat(format) {
  if (format.type === "text") return { type: "text" };
  if (!format.schema) return { type: "json_object" };
  const { name, description, schema } = format;
  return { type: "json_schema", json_schema: { name, ...(description && { description }), schema, strict: true } };
}
