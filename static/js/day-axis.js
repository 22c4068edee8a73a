import uPlot from "uplot";

const DAY = 86_400;
const STEPS = [1, 2, 7, 14, 28, 91, 182, 364].map((days) => days * DAY);
const FORTNIGHT = 14;

/** What charts of whole UTC days share: never an hour between two days, dates as the page's language writes them. */
export const DAY_SCALE = { range: (/** @type {unknown} */ _, /** @type {number} */ from, /** @type {number} */ to) => /** @type {[number, number]} */ ([from - DAY / 2, to + DAY / 2]) };

export const tzDate = (/** @type {number} */ seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");

/** @param {Record<string, any>} axis how lines and letters look */
export function dayAxis(axis) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { month: "short", day: "numeric", timeZone: "UTC" });
  return { ...axis, space: 64, incrs: STEPS, values: (/** @type {unknown} */ _, /** @type {number[]} */ ticks) => ticks.map((tick) => (tick % DAY ? "" : format.format(tick * 1000))) };
}

/**
 * Every day from the first to the last, a fortnight at least, with zeros where nothing was.
 * @param {string[]} days @param {number[][]} columns
 * @returns {[number[], ...number[][]]} times in seconds, then the columns
 */
export function everyDay(days, ...columns) {
  const known = new Map(days.map((day, place) => [Date.parse(day) / 1000, place]));
  const last = Math.max(...known.keys());
  const count = Math.max(FORTNIGHT, (last - Math.min(...known.keys())) / DAY + 1);
  const times = Array.from({ length: count }, (_, place) => last - (count - 1 - place) * DAY);
  return [times, ...columns.map((column) => times.map((time) => column[known.get(time) ?? -1] ?? 0))];
}
