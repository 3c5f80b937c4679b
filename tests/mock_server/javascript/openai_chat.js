// The official client `openai`, chat completions.
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { baseURL, city, png, run, weatherIn } from "./scenarios.js";

const client = new OpenAI({ baseURL, apiKey: "test" });
const model = "gpt-5-mini";
const getWeather = { type: "function", function: { name: "get_weather", strict: true, parameters: city } };
const Person = z.object({ name: z.string(), age: z.int(), friends: z.array(z.string()) });
const streamOptions = { stream_options: { include_usage: true } };

const message = (answer) => answer.choices[0].message;

await run({
  reasons: false,
  ask({ said, image, tools }) {
    const picture = { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } };
    const content = image ? [{ type: "text", text: said }, picture] : said;
    return { model, messages: [{ role: "user", content }], ...(tools && { tools: [getWeather] }) };
  },
  whole: (request) => client.chat.completions.create(request),
  streamed: (request) => client.chat.completions.stream({ ...request, ...streamOptions }).finalChatCompletion(),
  told: (answer) => ({
    id: answer.id,
    model: answer.model,
    finish: answer.choices[0].finish_reason,
    text: message(answer).content ?? "",
    calls: (message(answer).tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      args: JSON.parse(call.function.arguments),
    })),
    input_tokens: answer.usage.prompt_tokens,
    output_tokens: answer.usage.completion_tokens,
    total_tokens: answer.usage.total_tokens,
    cached_tokens: answer.usage.prompt_tokens_details.cached_tokens,
    reasoning_tokens: answer.usage.completion_tokens_details.reasoning_tokens,
  }),
  next(request, answer) {
    const outputs = message(answer).tool_calls.map((call) => ({
      role: "tool",
      tool_call_id: call.id,
      content: weatherIn(JSON.parse(call.function.arguments)),
    }));
    return { ...request, messages: [...request.messages, message(answer), ...outputs] };
  },
  async structured(said) {
    const request = {
      model,
      messages: [{ role: "user", content: said }],
      response_format: zodResponseFormat(Person, "person"),
    };
    const whole = await client.chat.completions.parse(request);
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    return [message(whole).parsed, message(streamed).parsed];
  },
  async pieces(said, stop) {
    const stream = client.chat.completions.stream({ model, messages: [{ role: "user", content: said }] });
    stream.on("content", () => (stop(), stream.abort()));
    await stream.done();
  },
  explain: (error) => ({ status: error.status, message: error.error?.message, code: error.code, id: error.requestID }),
});
