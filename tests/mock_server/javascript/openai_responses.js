// The official client `openai`, Responses.
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { baseURL, city, joined, png, run, weatherIn } from "./scenarios.js";

const client = new OpenAI({ baseURL, apiKey: "test" });
const model = "gpt-5-mini";
const getWeather = { type: "function", name: "get_weather", strict: true, parameters: city };
const Person = z.object({ name: z.string(), age: z.int(), friends: z.array(z.string()) });

const called = (answer) => answer.output.filter((item) => item.type === "function_call");

await run({
  ask({ said, image, tools, reasoning }) {
    const picture = { type: "input_image", detail: "auto", image_url: `data:image/png;base64,${png}` };
    const content = image ? [{ type: "input_text", text: said }, picture] : said;
    return {
      model,
      input: [{ role: "user", content }],
      ...(tools && { tools: [getWeather] }),
      ...(reasoning && { reasoning: { effort: "low", summary: "auto" }, include: ["reasoning.encrypted_content"] }),
    };
  },
  whole: (request) => client.responses.create(request),
  streamed: (request) => client.responses.stream(request).finalResponse(),
  told: (answer) => ({
    id: answer.id,
    model: answer.model,
    finish: answer.status,
    text: answer.output_text,
    reasoning: joined(answer.output.flatMap((item) => item.summary ?? []).map((part) => part.text)),
    signature: answer.output.find((item) => item.type === "reasoning")?.encrypted_content,
    calls: called(answer).map((call) => ({ id: call.call_id, name: call.name, args: JSON.parse(call.arguments) })),
    input_tokens: answer.usage.input_tokens,
    output_tokens: answer.usage.output_tokens,
    total_tokens: answer.usage.total_tokens,
    cached_tokens: answer.usage.input_tokens_details.cached_tokens,
    reasoning_tokens: answer.usage.output_tokens_details.reasoning_tokens,
  }),
  next(request, answer, said) {
    const outputs = called(answer).map((call) => ({
      type: "function_call_output",
      call_id: call.call_id,
      output: weatherIn(JSON.parse(call.arguments)),
    }));
    const turn = outputs.length ? outputs : [{ role: "user", content: said }];
    return { ...request, store: false, input: [...request.input, ...answer.output, ...turn] };
  },
  async structured(said) {
    const request = { model, input: said, text: { format: zodTextFormat(Person, "person") } };
    const whole = await client.responses.parse(request);
    const streamed = await client.responses.stream(request).finalResponse();
    return [whole.output_parsed, streamed.output_parsed];
  },
  async pieces(said, stop) {
    const stream = client.responses.stream({ model, input: said });
    stream.on("response.output_text.delta", () => (stop(), stream.abort()));
    await stream.done();
  },
  explain: (error) => ({ status: error.status, message: error.error?.message, code: error.code, id: error.requestID }),
});
