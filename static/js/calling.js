import { isJson } from "./console-words.js";
import { gettext } from "./words.js";

/**
 * @typedef {object} Metadata
 * @property {string} [content_type]
 * @property {number} [duration]
 * @property {string} [request_id]
 * @property {boolean} [cold]
 * @property {{ queue: number, start: number, load: number, run: number, total: number }} [timings]
 * @property {string} [version]
 * @property {string} [stdout]
 * @property {any} [cost]
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
 * @property {string} [body] as it was received
 * @property {string} [receipt] the site's signature under it
 */

/**
 * Call an algorithm as the person who looks at the page. Never throws: what went wrong is in the answer.
 * @param {string} url
 * @param {string} input JSON, or else text
 * @param {AbortSignal} signal
 * @param {string} [watch] the name under which somebody watches its phases
 * @returns {Promise<Answer>}
 */
export async function call(url, input, signal, watch = "") {
  const headers = { "Content-Type": isJson(input) ? "application/json" : "text/plain; charset=utf-8" };
  try {
    const watched = watch ? `&watch=${watch}` : "";
    const response = await fetch(`${url}?stdout=true${watched}`, { method: "POST", headers, body: input, signal });
    const body = await response.text();
    return { ...read(response.status, body), body, receipt: response.headers.get("x-receipt") ?? "" };
  } catch (error) {
    if (signal.aborted) return { error: { message: gettext("You cancelled it, and the site ends it. It costs nothing, like a call that fails, as long as the day’s free time for these lasts.") }, cancelled: true };
    return failed(gettext("The site did not answer ({reason}). Check the connection and try again.", { reason: /** @type {Error} */ (error).message }));
  }
}

/** @param {number} status @param {string} text @returns {Answer} */
function read(status, text) {
  try {
    const answer = JSON.parse(text);
    if (typeof answer.error === "string") return failed(answer.error);
    if ("result" in answer || "error" in answer) return { ...answer, cancelled: answer.error?.error_type === "Cancelled" };
  } catch {
    // not JSON: said below
  }
  return failed(gettext("The site answered with status {status} and nothing that can be read. Nothing was charged.", { status }));
}

/** @param {string} message @returns {Answer} */
function failed(message) {
  return { error: { message } };
}
