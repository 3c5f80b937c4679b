// The client's errors -> those of llm-conformance.
import OpenAI from "openai";

// An error that already has its name there; `fields` are those that stand beside the message.
export class BridgeError extends Error {
  constructor(type, message, fields = {}) {
    super(message);
    this.type = type;
    this.fields = fields;
  }
}

const BY_STATUS = { 401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError", 429: "RateLimitError",
  503: "OverloadedError", 529: "OverloadedError" };

// An error inside an answer of status 200 has none of its own.
const IN_AN_ANSWER = 500;

function nameOfStatus(status) {
  return BY_STATUS[status] ?? (status >= 500 ? "ServerError" : "StatusCodeError");
}

// "Incorrect API key: sk-…": a provider may repeat the key, and an error must not.
function without(key, text) {
  return key ? text.split(key).join("***") : text;
}

export function describeError(error, request) {
  const place = { provider: request.provider };
  const hide = (text) => without(request.api_key, String(text));
  if (error instanceof BridgeError) return { ...place, type: error.type, message: hide(error.message), ...error.fields };
  if (error instanceof OpenAI.APIConnectionTimeoutError) {
    return { ...place, type: "TimedOutError", message: hide(error.message) };
  }
  if (error instanceof OpenAI.APIConnectionError) {
    return { ...place, type: "ConnectionFailedError", message: hide(error.message) };
  }
  if (error instanceof OpenAI.APIError) {
    const status = error.status ?? IN_AN_ANSWER;
    const wait = Number(error.headers?.get("retry-after") ?? NaN);
    return {
      ...place,
      type: nameOfStatus(status),
      message: hide(error.error?.message ?? error.message),
      status_code: status,
      code: error.code == null ? undefined : String(error.code),
      request_id: error.requestID ?? undefined,
      retry_after: Number.isFinite(wait) ? wait : undefined,
    };
  }
  if (error instanceof SyntaxError) {
    return { ...place, type: "InvariantError", message: hide(`the answer is not JSON: ${error.message}`) };
  }
  if (error instanceof TypeError && /terminated|fetch failed|network|premature/i.test(error.message)) {
    return { ...place, type: "ConnectionFailedError", message: hide(error.message) };
  }
  return { ...place, type: error.constructor.name, message: hide(error.stack ?? error) };
}
