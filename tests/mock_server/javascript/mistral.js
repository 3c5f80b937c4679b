// The official client `@mistralai/mistralai`.
import { Mistral } from "@mistralai/mistralai";
import { z } from "zod";
import { baseURL, city, joined, png, run, weatherIn } from "./scenarios.js";

const client = new Mistral({ serverURL: baseURL, apiKey: "test" });
const backoff = { initialInterval: 1, maxInterval: 1, exponent: 1, maxElapsedTime: 5000 };
// The client asks again only when it is told to.
const retryConfig = { strategy: "backoff", backoff, retryConnectionErrors: false };
const options = (request) => (/retry/.test(JSON.stringify(request)) ? { retries: retryConfig } : {});
const model = "mistral-small-latest";
const getWeather = { type: "function", function: { name: "get_weather", parameters: city } };
const Person = z.object({ name: z.string(), age: z.int(), friends: z.array(z.string()) });

const chunks = (content) => (typeof content === "string" ? [{ type: "text", text: content }] : (content ?? []));
const message = (answer) => answer.choices[0].message;
const calls = (answer) => message(answer).toolCalls ?? [];
const content = (answer, type) => chunks(message(answer).content).filter((chunk) => chunk.type === type);
const thoughts = (answer) => content(answer, "thinking");
const whole = (request) => client.chat.complete(request, options(request));

// The client leaves it to its caller to put the events together.
async function streamed(request) {
  const message = { role: "assistant", content: [], toolCalls: [] };
  let last;
  for await (const { data } of await client.chat.stream(request, options(request))) {
    const [{ delta }] = data.choices;
    message.content.push(...chunks(delta.content));
    message.toolCalls.push(...(delta.toolCalls ?? []));
    last = data;
  }
  return { ...last, choices: [{ message, finishReason: last.choices[0].finishReason }] };
}

await run({
  ask({ said, image, tools, reasoning }) {
    const picture = { type: "image_url", imageUrl: `data:image/png;base64,${png}` };
    const content = image ? [{ type: "text", text: said }, picture] : said;
    return {
      model,
      messages: [{ role: "user", content }],
      ...(tools && { tools: [getWeather] }),
      ...(reasoning && { reasoningEffort: "high" }),
    };
  },
  whole,
  streamed,
  told: (answer) => ({
    id: answer.id,
    model: answer.model,
    finish: answer.choices[0].finishReason,
    text: content(answer, "text").map((chunk) => chunk.text).join(""),
    reasoning: joined(thoughts(answer).flatMap((chunk) => chunk.thinking).map((part) => part.text)),
    signature: thoughts(answer).findLast((chunk) => chunk.signature)?.signature,
    calls: calls(answer).map((call) => ({
      id: call.id,
      name: call.function.name,
      args: JSON.parse(call.function.arguments),
    })),
    input_tokens: answer.usage.promptTokens,
    output_tokens: answer.usage.completionTokens,
    total_tokens: answer.usage.totalTokens,
    cached_tokens: answer.usage.prompt_tokens_details.cached_tokens,
  }),
  next(request, answer, said) {
    const outputs = calls(answer).map((call) => ({
      role: "tool",
      toolCallId: call.id,
      name: call.function.name,
      content: weatherIn(JSON.parse(call.function.arguments)),
    }));
    const turn = outputs.length ? outputs : [{ role: "user", content: said }];
    return { ...request, messages: [...request.messages, message(answer), ...turn] };
  },
  async structured(said) {
    const request = { model, messages: [{ role: "user", content: said }], responseFormat: Person };
    const whole = await client.chat.parse(request);
    let text = "";
    for await (const { data } of await client.chat.parseStream(request)) text += data.choices[0].delta.content ?? "";
    return [message(whole).parsed, JSON.parse(text)];
  },
  // The client copies the request, and the copy may not hear of a signal: leaving the loop is what breaks it off.
  async pieces(said, stop) {
    const request = { model, messages: [{ role: "user", content: said }] };
    for await (const { data } of await client.chat.stream(request)) {
      if (data.choices[0].delta.content) return stop();
    }
  },
  explain(error) {
    const { message, detail } = error.body ? JSON.parse(error.body) : {};
    return { status: error.statusCode, message: message ?? error.detail?.[0].msg ?? detail };
  },
});
