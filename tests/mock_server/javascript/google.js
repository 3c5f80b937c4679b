// The official client `@google/genai`.
import { GoogleGenAI } from "@google/genai";
import { baseURL, city, joined, person, png, run, weatherIn } from "./scenarios.js";

const client = new GoogleGenAI({ apiKey: "test", httpOptions: { baseUrl: baseURL } });
const retrying = new GoogleGenAI({
  apiKey: "test",
  httpOptions: { baseUrl: baseURL, retryOptions: { attempts: 3, initialDelay: 0.001, maxDelay: 0.001, jitter: 0 } },
});
const model = "gemini-3-flash-preview";
const getWeather = { name: "get_weather", parametersJsonSchema: city };

// The client asks again only when it is told to.
const models = (request) => (/retry/.test(JSON.stringify(request)) ? retrying.models : client.models);
const parts = (chunks) => chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
const told = (chunks, thought) => parts(chunks).filter((part) => part.text && !part.thought === !thought);
const texts = (chunks, thought) => told(chunks, thought).map((part) => part.text);
const usage = (chunks) => chunks.at(-1).usageMetadata;
const calls = (chunks) => parts(chunks).flatMap((part) => part.functionCall ?? []);

async function streamed(request) {
  const chunks = [];
  for await (const chunk of await models(request).generateContentStream(request)) chunks.push(chunk);
  return chunks;
}

const whole = async (request) => [await models(request).generateContent(request)];

await run({
  ask({ said, image, tools, reasoning }) {
    const picture = { inlineData: { mimeType: "image/png", data: png } };
    return {
      model,
      contents: [{ role: "user", parts: [{ text: said }, ...(image ? [picture] : [])] }],
      config: {
        ...(tools && { tools: [{ functionDeclarations: [getWeather] }] }),
        ...(reasoning && { thinkingConfig: { includeThoughts: true } }),
      },
    };
  },
  whole,
  streamed,
  told: (chunks) => ({
    id: chunks.at(-1).responseId,
    model: chunks.at(-1).modelVersion,
    finish: chunks.at(-1).candidates[0].finishReason,
    text: texts(chunks, false).join(""),
    reasoning: joined(texts(chunks, true)),
    signature: parts(chunks).find((part) => part.thoughtSignature)?.thoughtSignature,
    calls: calls(chunks),
    input_tokens: usage(chunks).promptTokenCount,
    output_tokens: usage(chunks).candidatesTokenCount + usage(chunks).thoughtsTokenCount,
    total_tokens: usage(chunks).totalTokenCount,
    cached_tokens: usage(chunks).cachedContentTokenCount,
    reasoning_tokens: usage(chunks).thoughtsTokenCount,
  }),
  next(request, chunks, said) {
    const outputs = calls(chunks).map(({ id, name, args }) => ({
      functionResponse: { id, name, response: { output: weatherIn(args) } },
    }));
    const turn = { role: "user", parts: outputs.length ? outputs : [{ text: said }] };
    const turns = [{ role: "model", parts: parts(chunks) }, turn];
    return { ...request, contents: [...request.contents, ...turns] };
  },
  async structured(said) {
    const config = { responseMimeType: "application/json", responseJsonSchema: person };
    const request = { model, contents: said, config };
    const answers = [await whole(request), await streamed(request)];
    return answers.map((chunks) => JSON.parse(texts(chunks, false).join("")));
  },
  async pieces(said, stop) {
    const controller = new AbortController();
    const config = { abortSignal: controller.signal };
    for await (const chunk of await client.models.generateContentStream({ model, contents: said, config })) {
      if (chunk.text) stop(), controller.abort();
    }
  },
  explain(error) {
    const { error: body } = error.message.startsWith("{") ? JSON.parse(error.message) : {};
    return { status: error.status, message: body?.message, code: body?.status };
  },
});
