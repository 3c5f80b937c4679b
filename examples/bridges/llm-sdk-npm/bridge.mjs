// The npm package `@hoangvvo/llm-sdk` as an adapter for llm-conformance: lines of JSON in, lines of JSON out.
// The protocol: docs/bridge-protocol.md. The package's own types are nearly those of the protocol, and go through as
// they are; what it does not have is refused before it is asked.
import { createInterface } from "node:readline";
import { setDefaultBaseUrls } from "@google/genai";
import * as sdk from "@hoangvvo/llm-sdk";
import { AnthropicModel } from "@hoangvvo/llm-sdk/anthropic";
import { GoogleModel } from "@hoangvvo/llm-sdk/google";
import { MistralModel } from "@hoangvvo/llm-sdk/mistral";
import { OpenAIChatModel, OpenAIModel } from "@hoangvvo/llm-sdk/openai";

// Its model for Cohere takes no base URL.
const MODELS = { openai: OpenAIModel, "openai-chat-completion": OpenAIChatModel, anthropic: AnthropicModel,
  google: GoogleModel, mistral: MistralModel };
const OPTIONS = ["system_prompt", "messages", "tools", "tool_choice", "response_format", "max_tokens", "temperature",
  "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed", "metadata"];
const ROLES = ["user", "assistant", "tool"];
const PARTS = ["text", "image", "tool-call", "tool-result"];
const BY_STATUS = { 401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError", 429: "RateLimitError",
  503: "OverloadedError", 529: "OverloadedError" };
const FIRST_ERROR = 400;
const calls = new Map();

class Refused extends Error {
  constructor(path) {
    super("the package has no such thing");
    this.path = path;
  }
}

function answer(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function check(input) {
  for (const name of Object.keys(input)) if (!OPTIONS.includes(name)) throw new Refused(name);
  (input.tools ?? []).forEach((tool, at) => {
    if (tool.type !== undefined && tool.type !== "function") throw new Refused(`tools[${at}]`);
  });
  input.messages.forEach((message, at) => {
    message.content.forEach((part, place) => checkPart(message, part, `messages[${at}].content[${place}]`));
  });
}

function checkPart({ role }, part, path) {
  if (!ROLES.includes(role) || !PARTS.includes(part.type)) throw new Refused(path);
  if (part.type === "image" && part.url !== undefined) throw new Refused(`${path}.url`);
  (part.content ?? []).forEach((inner, at) => checkPart({ role }, inner, `${path}.content[${at}]`));
}

async function generate(model, request) {
  answer({ id: request.id, response: await model.generate(request.input) });
}

async function stream(model, request, call) {
  for await (const partial of model.stream(request.input)) {
    if (call.cancelled) return;
    answer({ id: request.id, partial });
  }
  answer({ id: request.id, end: true });
}

async function serve(request) {
  const call = { cancelled: false };
  calls.set(request.id, call);
  try {
    const Model = MODELS[request.provider];
    if (Model === undefined) throw new Refused("");
    check(request.input);
    const { api_key: apiKey, model_id: modelId } = request;
    // Its model for Google hands none on to the client below, which has one for all that are made from then on.
    if (request.provider === "google") setDefaultBaseUrls({ geminiUrl: request.base_url });
    const model = new Model({ baseURL: request.base_url, apiKey, modelId });
    await (request.op === "stream" ? stream : generate)(model, request, call);
  } catch (error) {
    if (!call.cancelled) answer({ id: request.id, error: { provider: request.provider, ...describe(error) } });
  } finally {
    calls.delete(request.id);
  }
}

function describe(error) {
  const message = error.message;
  if (error instanceof Refused) return { type: "UnsupportedError", message, path: error.path };
  if (error instanceof sdk.RefusalError) return { type: "RefusalError", message, refusal: message };
  for (const name of ["UnsupportedError", "InvalidInputError", "InvariantError"]) {
    if (error instanceof sdk[name]) return { type: name, message };
  }
  if (error instanceof sdk.NotImplementedError) return { type: "OutputNotImplementedError", message };
  if (/Timeout/.test(error.constructor.name)) return { type: "TimedOutError", message };
  if (/Connection/.test(error.constructor.name)) return { type: "ConnectionFailedError", message };
  const status = error.status ?? error.statusCode;
  if (status >= FIRST_ERROR) return describeStatus(error, status);
  // An answer that is no JSON, or JSON of another form.
  if (error instanceof SyntaxError || /Validation|Zod/.test(error.constructor.name)) {
    return { type: "InvariantError", message };
  }
  if (/terminated|fetch failed|premature/i.test(message)) return { type: "ConnectionFailedError", message };
  return { type: error.constructor.name, message: String(error.stack ?? error) };
}

// The package hands the errors of the official clients on as they are.
function describeStatus(error, status) {
  const wait = Number(error.headers?.get("retry-after") ?? NaN);
  return {
    type: BY_STATUS[status] ?? (status >= 500 ? "ServerError" : "StatusCodeError"),
    message: error.error?.error?.message ?? error.error?.message ?? error.message,
    status_code: status,
    code: error.code ?? error.error?.error?.type ?? undefined,
    request_id: error.requestID ?? undefined,
    retry_after: Number.isFinite(wait) ? wait : undefined,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.op === "hello") answer({ id: request.id, hello: { version: 1, name: "@hoangvvo/llm-sdk 0.5.0" } });
  else if (request.op === "cancel") (calls.get(request.id) ?? {}).cancelled = true;
  else serve(request);
}
