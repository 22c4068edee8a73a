// What the console says while it waits and when it is done.

import { gettext } from "./words.js";

/**
 * What the site says the run is doing; where it has said nothing, only that we wait.
 * @param {string} phase @param {number} seconds @param {number} typical
 */
export function phaseText(phase, seconds, typical) {
  const said = {
    queued: gettext("Waiting for a free sandbox"),
    starting: gettext("Starting a sandbox"),
    loading: gettext("Loading the algorithm"),
    running: gettext("Running"),
  }[phase] ?? gettext("Waiting for the answer");
  if (seconds < 10) return said;
  const usually = typical ? gettext("Usually it takes {seconds} s.", { seconds: typical.toFixed(2) }) : "";
  return `${said}. ${usually} ${gettext("You can cancel.")}`.replace("  ", " ");
}

/** @param {Answer} answer @param {number} seconds */
export function endText(answer, seconds) {
  const time = { seconds: seconds.toFixed(2) };
  if (answer.cancelled) return gettext("Cancelled in {seconds} s", time);
  return answer.error ? gettext("Failed in {seconds} s", time) : gettext("Done in {seconds} s", time);
}

/** @param {Answer} answer */
export function receiptText({ metadata }) {
  if (!metadata?.request_id) return "";
  const { cold, timings, version } = metadata;
  const seconds = (/** @type {number} */ one) => one.toFixed(2);
  const ran = gettext("{seconds} s of computing", { seconds: (metadata.duration ?? 0).toFixed(3) });
  const before = timings && cold
    ? gettext("cold start ({start} s to start, {load} s to load)", { start: seconds(timings.start), load: seconds(timings.load) })
    : gettext("warm sandbox");
  const number = version && gettext("version {number}", { number: version.slice(0, 8) });
  return [ran, before, number, costText(metadata.cost), metadata.request_id].filter(Boolean).join(" · ");
}

/** What the site says it cost, or that it said nothing. @param {any} cost */
function costText(cost) {
  if (!cost || typeof cost !== "object") return gettext("not charged");
  if (cost.amount === undefined) return "";
  return Number(cost.amount) === 0 ? gettext("cost 0") : gettext("cost {amount} {currency}", { amount: String(cost.amount), currency: String(cost.currency ?? "").toUpperCase() });
}

/**
 * JSON is sent as JSON and other text as text; what looks like JSON and is not is a mistake.
 * @param {string} text
 * @returns {string} what is wrong with it, or nothing
 */
export function whatIsWrong(text) {
  if (isJson(text) || !/^\s*[[{"]/.test(text)) return "";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return gettext("This looks like JSON but is not: {reason}.", { reason: /** @type {Error} */ (error).message });
  }
}

/** @param {string} text */
export function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
