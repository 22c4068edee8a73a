import { isJson } from "./console-words.js";

/**
 * @typedef {object} Metadata
 * @property {string} [content_type]
 * @property {number} [duration]
 * @property {string} [request_id]
 * @property {boolean} [cold]
 * @property {{ queue: number, start: number, load: number, run: number, total: number }} [timings]
 * @property {string} [version]
 * @property {string} [stdout]
 *
 * @typedef {object} CallError
 * @property {string} message
 * @property {string} [error_type]
 * @property {string} [stacktrace]
 *
 * @typedef {object} Answer
 * @property {unknown} [result]
 * @property {CallError} [error]
 * @property {Metadata} [metadata]
 * @property {boolean} [cancelled]
 */

/**
 * Call an algorithm as the person who looks at the page. Never throws: what went wrong is in the answer.
 * @param {string} url
 * @param {string} input JSON, or else text
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
export async function call(url, input, signal) {
  const headers = { "Content-Type": isJson(input) ? "application/json" : "text/plain; charset=utf-8" };
  try {
    const response = await fetch(`${url}?stdout=true`, { method: "POST", headers, body: input, signal });
    return read(response.status, await response.text());
  } catch (error) {
    if (signal.aborted) return { error: { message: "You cancelled it. Nothing is charged." }, cancelled: true };
    return failed(`The site did not answer (${/** @type {Error} */ (error).message}). Check the connection and try again.`);
  }
}

/** @param {number} status @param {string} text @returns {Answer} */
function read(status, text) {
  try {
    const answer = JSON.parse(text);
    if (typeof answer.error === "string") return failed(answer.error);
    if ("result" in answer || "error" in answer) return answer;
  } catch {
    // not JSON: said below
  }
  return failed(`The site answered with status ${status} and nothing that can be read. Nothing was charged.`);
}

/** @param {string} message @returns {Answer} */
function failed(message) {
  return { error: { message } };
}
