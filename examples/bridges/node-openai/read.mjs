// What the client read -> unified answers and partial answers.
import OpenAI from "openai";
import { BridgeError } from "./errors.mjs";

const FINISH_REASONS = { stop: "stop", length: "length", tool_calls: "tool_calls", function_call: "tool_calls",
  content_filter: "content_filter" };

export function readCompletion(completion) {
  if (completion?.error) throw new OpenAI.APIError(undefined, completion.error, undefined, undefined);
  const choice = completion?.choices?.[0];
  if (!choice) throw new BridgeError("InvariantError", "the answer has no choices[0]");
  const { finish_reason: detail } = choice;
  const message = choice.message ?? {}; // a filter may have let none through
  const content = message.content ? [{ type: "text", text: message.content }] : [];
  for (const call of message.tool_calls ?? []) {
    const { name, arguments: args } = call.function;
    content.push({ type: "tool-call", tool_call_id: call.id, tool_name: name, args: readArguments(name, args) });
  }
  const told = { content, ...readFinish(detail), ...readUsage(completion.usage) };
  const response = { ...told, id: completion.id, model_id: completion.model };
  if (message.refusal) {
    const text = { ...response, content: [{ type: "text", text: message.refusal }] };
    throw refused(message.refusal, text);
  }
  return response;
}

function refused(refusal, response) {
  const finish = { finish_reason: "content_filter", finish_detail: "refusal" };
  return new BridgeError("RefusalError", refusal, { refusal, response: { ...response, ...finish } });
}

function readArguments(name, text) {
  let args;
  try {
    args = JSON.parse(text || "{}");
  } catch {
    args = undefined;
  }
  if (typeof args === "object" && args !== null && !Array.isArray(args)) return args;
  throw new BridgeError("MalformedArgumentsError", `the arguments of ${name} are no JSON object: ${text}`);
}

function readFinish(detail) {
  return detail ? { finish_reason: FINISH_REASONS[detail] ?? "other", finish_detail: detail } : {};
}

function readUsage(usage) {
  if (!usage) return {};
  const { prompt_tokens_details: input = {}, completion_tokens_details: output = {} } = usage;
  const told = { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens };
  addDetails(told, "input_tokens_details", { cached_text_tokens: input?.cached_tokens, audio_tokens: input?.audio_tokens });
  addDetails(told, "output_tokens_details", {
    audio_tokens: output?.audio_tokens,
    reasoning_tokens: output?.reasoning_tokens,
  });
  return { usage: told };
}

function addDetails(usage, name, details) {
  const given = Object.entries(details).filter(([, value]) => value !== undefined && value !== null);
  if (given.length) usage[name] = Object.fromEntries(given);
}

// Reads the chunks of one stream. The text stands at index 0, the tool calls behind it in their order.
export class StreamReader {
  #head = false;
  #finished = false;
  #refusal = "";
  #last = {};

  *read(chunk) {
    if (chunk.error) throw new BridgeError("ServerError", String(chunk.error.message), { status_code: 500 });
    if (!this.#head && chunk.id) {
      this.#head = true;
      this.#last = { id: chunk.id, model_id: chunk.model };
      yield { id: chunk.id, model_id: chunk.model };
    }
    const choice = chunk.choices?.[0];
    if (choice) yield* this.#readChoice(choice);
    if (chunk.usage) yield readUsage(chunk.usage);
  }

  *#readChoice({ delta, finish_reason: detail }) {
    if (delta?.refusal) this.#refusal += delta.refusal;
    if (delta?.content) yield { delta: { index: 0, part: { type: "text", text: delta.content } } };
    for (const call of delta?.tool_calls ?? []) {
      const part = { type: "tool-call" };
      if (call.id) part.tool_call_id = call.id;
      if (call.function?.name) part.tool_name = call.function.name;
      if (call.function?.arguments) part.args = call.function.arguments;
      yield { delta: { index: 1 + call.index, part } };
    }
    if (detail) {
      this.#finished = true;
      yield readFinish(detail);
    }
  }

  // The client takes a stream that breaks off for one that has ended: its finish reason is what is missing then.
  end() {
    if (!this.#finished) throw new BridgeError("StreamTruncatedError", "the stream ended without a finish_reason");
    if (this.#refusal) {
      throw refused(this.#refusal, { ...this.#last, content: [{ type: "text", text: this.#refusal }] });
    }
  }
}
