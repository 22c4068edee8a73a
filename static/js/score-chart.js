import uPlot from "uplot";

import { element } from "./dom.js";

const HEIGHT = 220;

/** `<score-chart data-series>`: a score by version as a line; the table below it says the same. */
class ScoreChart extends HTMLElement {
  connectedCallback() {
    /** @type {{ version: string, score: number }[]} */
    const points = JSON.parse(this.dataset.series ?? "[]");
    const style = getComputedStyle(this);
    const axis = { stroke: style.color, grid: { stroke: style.borderColor, width: 1 }, ticks: { show: false } };
    const named = (/** @type {unknown} */ _, /** @type {number[]} */ places) => places.map((place) => points[place]?.version ?? "");
    const box = element("div");
    this.append(box);
    const chart = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        axes: [{ ...axis, values: named, incrs: [1, 2, 5, 10, 20, 50] }, { ...axis, size: 64 }],
        legend: { show: false },
        scales: { x: { time: false, range: [-0.5, points.length - 0.5] }, y: { range: (/** @type {unknown} */ _, /** @type {number} */ low, /** @type {number} */ high) => around(low, high) } },
        series: [{}, { stroke: style.accentColor, width: 2, points: { show: true, size: 9, fill: style.accentColor } }],
      },
      [points.map((_, place) => place), points.map((point) => point.score)],
      box,
    );
    new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT })).observe(box);
  }
}

/** @param {number} low @param {number} high @returns {[number, number]} */
function around(low, high) {
  const room = (high - low) / 5 || Math.abs(high) / 10 || 1;
  return [low - room, high + room];
}

customElements.define("score-chart", ScoreChart);
