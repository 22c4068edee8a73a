const MOST = 8;

/** @param {string} key owner/name */
const place = (key) => `inputs:${key}`;

/** The last inputs of this tab, newest first. @param {string} key @returns {string[]} */
export function remembered(key) {
  try {
    return JSON.parse(sessionStorage.getItem(place(key)) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {string} key @param {string} input */
export function remember(key, input) {
  const kept = [input, ...remembered(key).filter((one) => one !== input)].slice(0, MOST);
  try {
    sessionStorage.setItem(place(key), JSON.stringify(kept));
  } catch {
    sessionStorage.removeItem(place(key)); // too large to be kept
  }
}
