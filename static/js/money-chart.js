import uPlot from "uplot";

import { DAY_SCALE, dayAxis, everyDay, tzDate } from "./day-axis.js";
import { element } from "./dom.js";

const HEIGHT = 220;

/** `<money-chart data-series data-labels>`: amounts by day, one part upon the other; a table says the same. */
class MoneyChart extends HTMLElement {
  connectedCallback() {
    const given = JSON.parse(this.dataset.series ?? "{}");
    if (!given.days?.length) return;
    const [times, compute, royalty] = everyDay(given.days, given.compute, given.royalty);
    const [lower = "", upper = ""] = (this.dataset.labels ?? "").split("|");
    const style = getComputedStyle(this);
    const bars = uPlot.paths.bars?.({ size: [0.7, 40] });
    const all = compute.map((value, place) => value + ((royalty ?? [])[place] ?? 0));
    const axis = { stroke: style.color, grid: { stroke: style.borderColor, width: 1 }, ticks: { show: false } };
    const amounts = { ...axis, size: 80, values: (/** @type {unknown} */ _, /** @type {number[]} */ ticks) => ticks.map((tick) => `$${Number(tick.toPrecision(6))}`) };
    const key = element("p", { class: "help", "aria-hidden": "true" }, element("span", { class: "chart__good" }), ` ${lower} `, element("span", { class: "chart__bad" }), ` ${upper}`);
    const box = element("div");
    this.append(key, box);
    const chart = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        tzDate,
        axes: [dayAxis(axis), amounts],
        legend: { show: false },
        scales: { x: DAY_SCALE, y: { range: (/** @type {unknown} */ _, /** @type {number} */ __, /** @type {number} */ top) => [0, Math.max(1e-6, top * 1.1)] } },
        series: [
          {},
          { label: upper, stroke: style.color, fill: style.color, width: 0, paths: bars, points: { show: false } },
          { label: lower, stroke: style.accentColor, fill: style.accentColor, width: 0, paths: bars, points: { show: false } },
        ],
      },
      [times, all, compute],
      box,
    );
    new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT })).observe(box);
  }
}

customElements.define("money-chart", MoneyChart);
