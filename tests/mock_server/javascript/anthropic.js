// The official client `@anthropic-ai/sdk`.
import Anthropic from "@anthropic-ai/sdk";
import { jsonSchemaOutputFormat } from "@anthropic-ai/sdk/helpers/json-schema";
import { baseURL, city, joined, person, png, run, weatherIn } from "./scenarios.js";

const client = new Anthropic({ baseURL, apiKey: "test" });
const always = { model: "claude-sonnet-5", max_tokens: 1000 };
const getWeather = { name: "get_weather", input_schema: city };

const blocks = (answer, type) => answer.content.filter((block) => block.type === type);

await run({
  ask({ said, image, tools, reasoning }) {
    const picture = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
    const content = image ? [{ type: "text", text: said }, picture] : said;
    return {
      ...always,
      messages: [{ role: "user", content }],
      ...(tools && { tools: [getWeather] }),
      ...(reasoning && { thinking: { type: "adaptive" } }),
    };
  },
  whole: (request) => client.messages.create(request),
  streamed: (request) => client.messages.stream(request).finalMessage(),
  told: (answer) => ({
    id: answer.id,
    model: answer.model,
    finish: answer.stop_reason,
    text: blocks(answer, "text").map((block) => block.text).join(""),
    reasoning: joined(blocks(answer, "thinking").map((block) => block.thinking)),
    signature: blocks(answer, "thinking")[0]?.signature,
    calls: blocks(answer, "tool_use").map((block) => ({ id: block.id, name: block.name, args: block.input })),
    input_tokens: answer.usage.input_tokens + answer.usage.cache_read_input_tokens,
    output_tokens: answer.usage.output_tokens,
    cached_tokens: answer.usage.cache_read_input_tokens,
    reasoning_tokens: answer.usage.output_tokens_details.thinking_tokens,
  }),
  next(request, answer, said) {
    const outputs = blocks(answer, "tool_use").map((block) => ({
      type: "tool_result",
      tool_use_id: block.id,
      content: weatherIn(block.input),
    }));
    const content = outputs.length ? outputs : said;
    const turns = [{ role: "assistant", content: answer.content }, { role: "user", content }];
    return { ...request, messages: [...request.messages, ...turns] };
  },
  async structured(said) {
    const output_config = { format: jsonSchemaOutputFormat(person) };
    const request = { ...always, messages: [{ role: "user", content: said }], output_config };
    const whole = await client.messages.parse(request);
    const streamed = await client.messages.stream(request).finalMessage();
    return [whole.parsed_output, streamed.parsed_output];
  },
  async pieces(said, stop) {
    const stream = client.messages.stream({ ...always, messages: [{ role: "user", content: said }] });
    stream.on("text", () => (stop(), stream.abort()));
    await stream.done();
  },
  explain: (error) => ({
    status: error.status,
    message: error.error?.error?.message,
    code: error.error?.error?.type,
    id: error.requestID,
  }),
});
