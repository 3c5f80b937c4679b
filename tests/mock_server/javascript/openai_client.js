// The official JavaScript client against the mock server, whole and streamed. Prints one JSON object with what it read.
// Usage: BASE_URL=http://.../openai/v1 node openai_client.js
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: "test" });
const model = "gpt-5-mini";
const getWeather = {
  type: "function",
  name: "get_weather",
  strict: true,
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};
const person = {
  type: "json_schema",
  name: "person",
  strict: true,
  schema: {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "integer" } },
    required: ["name", "age"],
    additionalProperties: false,
  },
};

const requests = {
  text: { input: "hello" },
  parallel: { input: "Paris and Rome", tools: [getWeather] },
  structured: { input: "who?", text: { format: person } },
  reasoning: { input: "think", reasoning: { effort: "low", summary: "auto" } },
  refusal: { input: "refuse this" },
  image: { input: "draw", tools: [{ type: "image_generation" }] },
  search: { input: "search for cats", tools: [{ type: "web_search" }] },
};

const found = {};
for (const [name, request] of Object.entries(requests)) {
  const whole = await client.responses.create({ model, ...request });
  const events = [];
  const stream = client.responses.stream({ model, ...request });
  for await (const event of stream) events.push(event.sequence_number);
  const streamed = await stream.finalResponse();
  const parsed = request.text ? (await client.responses.parse({ model, ...request })).output_parsed : null;
  found[name] = { whole, streamed, events, parsed };
}

found.errors = {};
for (const status of [400, 429, 500]) {
  try {
    await client.responses.create({ model, input: `fail with ${status}` });
  } catch (error) {
    found.errors[status] = { kind: error.constructor.name, code: error.code, requestID: error.requestID };
  }
}
console.log(JSON.stringify(found));
