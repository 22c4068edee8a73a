import uPlot from "uplot";

import { DAY_SCALE, dayAxis, everyDay, tzDate } from "./day-axis.js";
import { element } from "./dom.js";

const HEIGHT = 220;

/** `<usage-chart data-series data-labels>`: calls by day as bars; the table below it says the same. */
class UsageChart extends HTMLElement {
  connectedCallback() {
    const given = JSON.parse(this.dataset.series ?? "{}");
    if (!given.days?.length) return;
    const [times, succeeded, failed] = everyDay(given.days, given.succeeded, given.failed);
    const [good = "", bad = ""] = (this.dataset.labels ?? "").split("|");
    const style = getComputedStyle(this);
    const bars = uPlot.paths.bars?.({ size: [0.7, 40] });
    const all = succeeded.map((value, place) => value + ((failed ?? [])[place] ?? 0));
    const axis = { stroke: style.color, grid: { stroke: style.borderColor, width: 1 }, ticks: { show: false } };
    const key = element("p", { class: "help", "aria-hidden": "true" }, element("span", { class: "chart__good" }), ` ${good} `, element("span", { class: "chart__bad" }), ` ${bad}`);
    const box = element("div");
    this.append(key, box);
    const chart = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        tzDate,
        axes: [dayAxis(axis), { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000, 100000] }],
        legend: { show: false },
        scales: { x: DAY_SCALE, y: { range: (/** @type {unknown} */ _, /** @type {number} */ __, /** @type {number} */ top) => [0, Math.max(4, top * 1.1)] } },
        series: [
          {},
          { label: bad, stroke: style.color, fill: style.color, width: 0, paths: bars, points: { show: false } },
          { label: good, stroke: style.accentColor, fill: style.accentColor, width: 0, paths: bars, points: { show: false } },
        ],
      },
      [times, all, succeeded],
      box,
    );
    new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT })).observe(box);
  }
}

customElements.define("usage-chart", UsageChart);
