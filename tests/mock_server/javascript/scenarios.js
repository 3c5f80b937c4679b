// What every client is asked, and how its script tells what it read: one JSON object on standard output.
//
// A script gives run() its client in a few functions:
//   ask({ said, image, tools, reasoning })  a request in the client's own form
//   whole(request), streamed(request)       an answer in the client's own form; the pieces of a stream put together
//   next(request, answer, said)             the request after it: the results of its tool calls, or what is said
//   told(answer)                            the answer in the words of the table: id, model, finish, text, ...
//   structured(said)                        the objects that the client read for the schema of a person
//   pieces(said, stop)                      reads a stream and calls stop() and aborts at every text
//   explain(error)                          what the client's error tells: status, message, code, id
//   reasons                                 false for a client that does not read reasoning
//   also                                    scenarios of this client alone, by name

export const baseURL = process.env.BASE_URL;

export const city = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

export const person = {
  type: "object",
  properties: {
    name: { type: "string" },
    age: { type: "integer" },
    friends: { type: "array", items: { type: "string" } },
  },
  required: ["name", "age", "friends"],
  additionalProperties: false,
};

export const png = "iVBORw0KGgo=";

export const weatherIn = (args) => `sun in ${args.city}`;

export const joined = (texts) => texts.join("") || undefined;

const QUESTIONS = {
  text: {},
  "tool call": { tools: true },
  "image input": { image: true },
  retry: {},
};
const CONVERSATIONS = {
  "parallel tool calls": { tools: true },
  reasoning: { reasoning: true },
};
const STATUSES = [400, 401, 403, 404, 413, 422, 429, 500, 503, 529];

async function failure(script, attempt) {
  try {
    await attempt();
  } catch (error) {
    return { kind: error.constructor.name, ...script.explain(error) };
  }
  return null;
}

async function aborted(script) {
  let pieces = 0;
  const error = await failure(script, () => script.pieces("abort", () => ++pieces));
  return { pieces, kind: error?.kind };
}

function inOneStyle(script, style) {
  const answer = script[style];
  const tasks = {};
  const about = (name, options) => script.ask({ said: `${style}: ${name}.`, ...options });
  for (const [name, options] of Object.entries(QUESTIONS)) {
    tasks[name] = async () => script.told(await answer(about(name, options)));
  }
  for (const [name, options] of Object.entries(CONVERSATIONS)) {
    if (options.reasoning && script.reasons === false) continue;
    tasks[name] = async () => {
      const request = about(name, options);
      const first = await answer(request);
      const second = await answer(script.next(request, first, `${style}: and then?`));
      return [script.told(first), script.told(second)];
    };
  }
  for (const status of STATUSES) {
    tasks[status] = () => failure(script, () => answer(about(`fail with ${status}`)));
  }
  return tasks;
}

async function settle(tasks) {
  const settled = Object.entries(tasks).map(async ([name, task]) => {
    return [name, await task().catch((error) => ({ broken: error.stack ?? String(error) }))];
  });
  return Object.fromEntries(await Promise.all(settled));
}

export async function run(script) {
  const once = {
    "structured output": () => script.structured("structured output"),
    "cut stream": () => failure(script, () => script.streamed(script.ask({ said: "cut stream" }))),
    abort: () => aborted(script),
    ...script.also,
  };
  const groups = { whole: inOneStyle(script, "whole"), streamed: inOneStyle(script, "streamed"), once };
  const found = Object.entries(groups).map(async ([name, tasks]) => [name, await settle(tasks)]);
  console.log(JSON.stringify(Object.fromEntries(await Promise.all(found))));
}
