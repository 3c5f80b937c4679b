// The official client `cohere-ai`.
import { CohereClientV2 } from "cohere-ai";
import { baseURL, city, joined, person, png, run, weatherIn } from "./scenarios.js";

const client = new CohereClientV2({ environment: baseURL, token: "test" });
const model = "command-a-03-2025";
const getWeather = { type: "function", function: { name: "get_weather", parameters: city } };

// The client leaves it to its caller to put the events together.
function add(answer, event) {
  const change = event.delta?.message;
  const { message } = answer;
  if (event.type === "message-start") answer.id = event.id;
  else if (event.type === "content-start") (message.content ??= []).push({ ...change.content });
  else if (event.type === "content-delta") {
    for (const [kind, text] of Object.entries(change.content)) message.content[event.index][kind] += text;
  } else if (event.type === "tool-call-start") (message.toolCalls ??= []).push(change.toolCalls);
  else if (event.type === "tool-call-delta") {
    message.toolCalls[event.index].function.arguments += change.toolCalls.function.arguments;
  } else if (event.type === "message-end") Object.assign(answer, event.delta);
  return answer;
}

async function streamed(request) {
  const answer = { message: { role: "assistant" } };
  for await (const event of await client.chatStream(request)) add(answer, event);
  return answer;
}

const whole = (request) => client.chat(request);
const calls = ({ message }) => message.toolCalls ?? [];
const texts = ({ message }, kind) => (message.content ?? []).flatMap((part) => part[kind] ?? []);

await run({
  ask({ said, image, tools, reasoning }) {
    const picture = { type: "image_url", imageUrl: { url: `data:image/png;base64,${png}` } };
    const content = image ? [{ type: "text", text: said }, picture] : said;
    return {
      model,
      messages: [{ role: "user", content }],
      ...(tools && { tools: [getWeather] }),
      ...(reasoning && { thinking: { type: "enabled" } }),
    };
  },
  whole,
  streamed,
  told: (answer) => ({
    id: answer.id,
    finish: answer.finishReason,
    text: texts(answer, "text").join(""),
    reasoning: joined(texts(answer, "thinking")),
    calls: calls(answer).map((call) => ({
      id: call.id,
      name: call.function.name,
      args: JSON.parse(call.function.arguments),
    })),
    input_tokens: answer.usage.tokens.inputTokens,
    output_tokens: answer.usage.tokens.outputTokens,
    cached_tokens: answer.usage.cachedTokens,
  }),
  next(request, answer, said) {
    const outputs = calls(answer).map((call) => ({
      role: "tool",
      toolCallId: call.id,
      content: weatherIn(JSON.parse(call.function.arguments)),
    }));
    const turn = outputs.length ? outputs : [{ role: "user", content: said }];
    return { ...request, messages: [...request.messages, answer.message, ...turn] };
  },
  async structured(said) {
    const responseFormat = { type: "json_object", jsonSchema: person };
    const request = { model, messages: [{ role: "user", content: said }], responseFormat };
    const answers = [await whole(request), await streamed(request)];
    return answers.map((answer) => JSON.parse(texts(answer, "text").join("")));
  },
  async pieces(said, stop) {
    const controller = new AbortController();
    const options = { abortSignal: controller.signal };
    const request = { model, messages: [{ role: "user", content: said }] };
    for await (const event of await client.chatStream(request, options)) {
      if (event.type === "content-delta") stop(), controller.abort();
    }
  },
  explain: (error) => ({ status: error.statusCode, message: error.body?.message, id: error.body?.id }),
});
