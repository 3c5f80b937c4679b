// The client `ai` with one of its provider packages: node ai_sdk.js openai_responses
import { createAnthropic } from "@ai-sdk/anthropic";
import { createCohere } from "@ai-sdk/cohere";
import { createGoogle } from "@ai-sdk/google";
import { createMistral } from "@ai-sdk/mistral";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, isStepCount, jsonSchema, Output, RetryError, streamText, tool } from "ai";
import { baseURL, city, person, png, run, weatherIn } from "./scenarios.js";

const apiKey = "test";
const PROVIDERS = {
  openai_responses: () => createOpenAI({ baseURL, apiKey }).responses("gpt-5-mini"),
  openai_chat: () => createOpenAI({ baseURL, apiKey }).chat("gpt-5-mini"),
  anthropic: () => createAnthropic({ baseURL: `${baseURL}/v1`, apiKey })("claude-sonnet-5"),
  google: () => createGoogle({ baseURL: `${baseURL}/v1beta`, apiKey })("gemini-3-flash-preview"),
  cohere: () => createCohere({ baseURL: `${baseURL}/v2`, apiKey })("command-a-03-2025"),
  mistral: () => createMistral({ baseURL: `${baseURL}/v1`, apiKey })("mistral-small-latest"),
};
const [, , provider] = process.argv;
const model = PROVIDERS[provider]();
const tools = { get_weather: tool({ inputSchema: jsonSchema(city) }) };
const runnable = { get_weather: tool({ inputSchema: jsonSchema(city), execute: weatherIn }) };

const user = (said) => [{ role: "user", content: said }];
const silent = { onError() {} };

// A stream's answer is a set of promises; this waits for those that the table asks for.
async function settled(result) {
  let failure;
  for await (const part of result.fullStream) if (part.type === "error") failure = part.error;
  if (failure) throw failure;
  const names = ["response", "finishReason", "text", "reasoning", "toolCalls", "usage", "responseMessages", "steps"];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await result[name]])));
}

const whole = (request) => generateText(request);
const streamed = (request) => settled(streamText({ ...request, ...silent }));

await run({
  ask({ said, image, tools: offered, reasoning }) {
    const picture = { type: "file", data: png, mediaType: "image/png" };
    return {
      model,
      messages: user(image ? [{ type: "text", text: said }, picture] : said),
      ...(offered && { tools }),
      // Without it, the history would be ids of what OpenAI keeps.
      providerOptions: { openai: { store: false } },
      ...(reasoning && { reasoning: "high" }),
    };
  },
  whole,
  streamed,
  told: ({ response, finishReason, text, reasoning, toolCalls, usage }) => ({
    id: response.id,
    model: response.modelId,
    finish: finishReason,
    text,
    reasoning: reasoning.map((part) => part.text).join("") || undefined,
    calls: toolCalls.map((call) => ({ id: call.toolCallId, name: call.toolName, args: call.input })),
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    total_tokens: usage.totalTokens,
    cached_tokens: usage.inputTokenDetails.cacheReadTokens,
    reasoning_tokens: usage.outputTokenDetails.reasoningTokens,
  }),
  next(request, answer, said) {
    const outputs = answer.toolCalls.map(({ toolCallId, toolName, input }) => ({
      type: "tool-result",
      toolCallId,
      toolName,
      output: { type: "text", value: weatherIn(input) },
    }));
    const turn = outputs.length ? [{ role: "tool", content: outputs }] : user(said);
    return { ...request, messages: [...request.messages, ...answer.responseMessages, ...turn] };
  },
  async structured(said) {
    const request = { model, prompt: said, output: Output.object({ schema: jsonSchema(person) }) };
    return [(await generateText(request)).output, await streamText({ ...request, ...silent }).output];
  },
  async pieces(said, stop) {
    const controller = new AbortController();
    const result = streamText({ model, prompt: said, abortSignal: controller.signal, ...silent });
    for await (const _ of result.textStream) stop(), controller.abort();
  },
  explain(error) {
    const call = RetryError.isInstance(error) ? error.lastError : error;
    return { status: call.statusCode, message: call.message };
  },
  also: {
    async "several steps"() {
      const request = { model, messages: user("parallel tool calls"), tools: runnable, stopWhen: isStepCount(5) };
      const answers = [await whole(request), await streamed(request)];
      return answers.map(({ text, steps }) => ({ text, steps: steps.map((step) => step.finishReason) }));
    },
  },
});
