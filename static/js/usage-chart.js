import uPlot from "uplot";

import { DAY_SCALE, dayAxis, tzDate } from "./day-axis.js";
import { element } from "./dom.js";

const HEIGHT = 220;

/** `<usage-chart data-series data-labels>`: calls by day as bars; the table below it says the same. */
class UsageChart extends HTMLElement {
  connectedCallback() {
    const { days, succeeded, failed } = JSON.parse(this.dataset.series ?? "{}");
    const [good = "", bad = ""] = (this.dataset.labels ?? "").split("|");
    const style = getComputedStyle(this);
    const bars = uPlot.paths.bars?.({ size: [0.7, 40] });
    const all = succeeded.map((/** @type {number} */ value, /** @type {number} */ place) => value + failed[place]);
    const times = days.map((/** @type {string} */ day) => Date.parse(day) / 1000);
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
          { label: bad, stroke: style.color, fill: style.color, paths: bars, points: { show: false } },
          { label: good, stroke: style.accentColor, fill: style.accentColor, paths: bars, points: { show: false } },
        ],
      },
      [times, all, succeeded],
      box,
    );
    new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT })).observe(box);
  }
}

customElements.define("usage-chart", UsageChart);
