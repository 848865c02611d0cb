// The photograph's own curve of rate and quality, over the mean curves of the chapter on rate and
// distortion: a drawing that changes as its points come in.

import { decibels, stepName } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [460, 300];
const BOX = { left: 46, top: 12, right: WIDTH - 12, bottom: HEIGHT - 40 };
const RATES = { least: 0.05, greatest: 8, ticks: [0.1, 0.25, 0.5, 1, 2, 4] };

/**
 * @typedef {{bpp: number, psnr: number}} Point
 * @typedef {object} Curves
 * @property {{model: Point[], jpeg: Point[]}} mean of the book's record
 * @property {Point[]} own
 * @property {Point[]} jpeg of this photograph
 * @property {(Point & {step: number}) | null} now
 */

function drawn(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/** @param {Curves} curves @returns {{least: number, greatest: number}} whole fives of dB around all */
function range({ mean, own, jpeg, now }) {
  const points = [...mean.model, ...mean.jpeg, ...own, ...jpeg, ...(now ? [now] : [])];
  const shown = points.filter(({ bpp, psnr }) => isShown(bpp) && Number.isFinite(psnr));
  const values = shown.map(({ psnr }) => psnr);
  return {
    least: 5 * Math.floor(Math.min(...values) / 5),
    greatest: 5 * Math.ceil(Math.max(...values) / 5),
  };
}

const isShown = (bpp) => RATES.least <= bpp && bpp <= RATES.greatest;

/** @param {SVGSVGElement} svg @param {Curves} curves */
export function draw(svg, curves) {
  const { least, greatest } = range(curves);
  const x = (bpp) => {
    const share = Math.log(bpp / RATES.least) / Math.log(RATES.greatest / RATES.least);
    return BOX.left + share * (BOX.right - BOX.left);
  };
  const y = (psnr) =>
    BOX.bottom - ((psnr - least) / (greatest - least)) * (BOX.bottom - BOX.top);
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.replaceChildren(...axes(x, y, least, greatest));

  const line = (points, className) => {
    const kept = points.filter(({ bpp, psnr }) => isShown(bpp) && Number.isFinite(psnr));
    kept.sort((one, other) => one.bpp - other.bpp);
    const places = kept.map(({ bpp, psnr }) => [x(bpp), y(psnr)]);
    svg.append(drawn("polyline", { points: places.join(" "), class: `try-line ${className}` }));
    if (!className.includes("mean")) {
      for (const [cx, cy] of places) svg.append(drawn("circle", { cx, cy, r: 2.5, class: `try-dot ${className}` }));
    }
  };
  line(curves.mean.jpeg, "try-of-jpeg try-mean");
  line(curves.mean.model, "try-of-model try-mean");
  line(curves.jpeg, "try-of-jpeg");
  line(curves.own, "try-of-model");
  const { now } = curves;
  if (now && isShown(now.bpp) && Number.isFinite(now.psnr)) {
    svg.append(drawn("circle", { cx: x(now.bpp), cy: y(now.psnr), r: 6, class: "try-now" }));
  }
  svg.setAttribute("aria-label", told(curves));
}

function axes(x, y, least, greatest) {
  const parts = [];
  for (const tick of RATES.ticks) {
    parts.push(drawn("line", { x1: x(tick), x2: x(tick), y1: BOX.top, y2: BOX.bottom, class: "try-grid" }));
    parts.push(drawn("text", { x: x(tick), y: BOX.bottom + 16, class: "try-tick", "text-anchor": "middle" }, tick));
  }
  for (let tick = least; tick <= greatest; tick += 5) {
    parts.push(drawn("line", { x1: BOX.left, x2: BOX.right, y1: y(tick), y2: y(tick), class: "try-grid" }));
    parts.push(drawn("text", { x: BOX.left - 6, y: y(tick) + 4, class: "try-tick", "text-anchor": "end" }, tick));
  }
  const middle = (BOX.left + BOX.right) / 2;
  parts.push(drawn("text", { x: middle, y: HEIGHT - 6, class: "try-tick", "text-anchor": "middle" }, "bits per pixel"));
  const turn = `translate(12 ${(BOX.top + BOX.bottom) / 2}) rotate(-90)`;
  parts.push(drawn("text", { transform: turn, class: "try-tick", "text-anchor": "middle" }, "PSNR (dB)"));
  return parts;
}

/** @param {Curves} curves @returns {string} what a reader who doesn't see it is told */
function told({ own, jpeg, now }) {
  const at = now ? `At step ${stepName(now.step)}: ${now.bpp.toFixed(3)} bits per pixel, ${decibels(now.psnr)} dB. ` : "";
  const ends = (points) => {
    const sorted = [...points].sort((one, other) => one.bpp - other.bpp);
    const [first, last] = [sorted[0], sorted[sorted.length - 1]];
    return `from ${first.bpp.toFixed(3)} bits per pixel and ${decibels(first.psnr)} dB to ${last.bpp.toFixed(3)} and ${decibels(last.psnr)}`;
  };
  const lines = [];
  if (own.length) lines.push(`The model on this photograph ${ends(own)}.`);
  if (jpeg.length) lines.push(`JPEG on it ${ends(jpeg)}.`);
  return `PSNR against bits per pixel. ${at}${lines.join(" ")}`;
}
