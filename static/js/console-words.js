// What the console says while it waits and when it is done.

/** @param {number} seconds @param {number} typical */
export function phase(seconds, typical) {
  if (seconds < Math.max(1, typical * 3)) return "Running";
  if (seconds < 10) return "Running; probably a first sandbox is starting";
  const usually = typical ? ` Usually it takes ${typical.toFixed(2)} s.` : "";
  return `Still running.${usually} You can cancel.`;
}

/** @param {Answer} answer */
export function receiptText({ metadata }) {
  if (!metadata?.request_id) return "";
  const { cold, timings, version } = metadata;
  const start = timings && cold ? ` (${(timings.start + timings.load).toFixed(2)} s to start and load)` : "";
  const ran = `${(metadata.duration ?? 0).toFixed(3)} s of computing`;
  return [ran, cold ? `cold start${start}` : "warm sandbox", version && `version ${version.slice(0, 8)}`, "not charged", metadata.request_id]
    .filter(Boolean)
    .join(" · ");
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
    return `This looks like JSON but is not: ${/** @type {Error} */ (error).message}.`;
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
