// The official client `openai` of Node as an adapter for llm-conformance: lines of JSON in, lines of JSON out.
// The protocol: docs/bridge-protocol.md. What is judged is this file and the client together.
import { createInterface } from "node:readline";
import OpenAI from "openai";
import { BridgeError, describeError } from "./errors.mjs";
import { readCompletion, StreamReader } from "./read.mjs";
import { writeRequest } from "./write.mjs";

const CAPABILITIES = {
  text_input: true, text_output: true, image_input: true, function_calling: true, structured_output: true,
  image_output: false, audio_input: false, audio_output: false, citation: false, reasoning: false,
};
const calls = new Map();

function answer(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function generate(client, request, signal) {
  const completion = await client.chat.completions.create(writeRequest(request, false), { signal });
  answer({ id: request.id, response: readCompletion(completion) });
}

async function stream(client, request, signal) {
  const events = await client.chat.completions.create(writeRequest(request, true), { signal });
  const reader = new StreamReader();
  for await (const chunk of events) {
    for (const partial of reader.read(chunk)) answer({ id: request.id, partial });
  }
  reader.end();
  answer({ id: request.id, end: true });
}

async function serve(request) {
  const controller = new AbortController();
  calls.set(request.id, controller);
  try {
    if (request.provider !== "openai-chat-completion") {
      throw new BridgeError("UnsupportedError", `this bridge speaks openai-chat-completion, not ${request.provider}`);
    }
    const client = new OpenAI({ apiKey: request.api_key, baseURL: request.base_url, maxRetries: 2 });
    await (request.op === "stream" ? stream : generate)(client, request, controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) answer({ id: request.id, error: describeError(error, request) });
  } finally {
    calls.delete(request.id);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.op === "hello") {
    answer({ id: request.id, hello: { version: 1, name: "node-openai", metadata: { capabilities: CAPABILITIES } } });
  } else if (request.op === "cancel") {
    calls.get(request.id)?.abort();
  } else {
    serve(request);
  }
}
