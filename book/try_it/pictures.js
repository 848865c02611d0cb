// The pictures in the frame: the original to the left, one of several to the right, and the attention map
// over both; with the colours' legend.

import { GREYS, paint, paintScale, placesOf } from "./paint.js";
import { rangeOf } from "./pixels.js";
import { Viewer } from "./viewer.js";

/** @typedef {import("./session.js").Session} Session */

export class Pictures {
  /** @param {HTMLElement} root @param {Uint8ClampedArray | any} colours of false-colour pictures */
  constructor(root, colours) {
    this.root = root;
    this.colours = colours;
    this.viewer = new Viewer(root);
    /** What the colours to the right stand for. @type {{name: string, least: number, greatest: number} | null} */
    this.rangeShown = null;
    /** @type {import("./session.js").Coded["attention"]} */
    this.attention = null;
    this.part(".try-opacity input").addEventListener("input", () => this.layMap());
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.root.querySelector(selector);
  }

  /** @param {Session} session */
  showLeft(session) {
    const left = session.picture ?? { levels: session.coded.decoded.trained.levels };
    const canvas = this.part(".try-left canvas");
    paint(canvas, session.size, left.levels, GREYS);
    const name = session.picture ? "original" : "model";
    canvas.setAttribute("aria-label", session.picture ? "The original" : "What the model gives back");
    this.part(".try-name-left").textContent = name;
    this.viewer.show(session.size);
  }

  /**
   * @param {Session} session @param {string} how one of ATTENTIONS
   * @param {string} against what stands to the right
   * @param {{ofBytes: import("./jpeg.js").Jpeg | null} | null} jpegs
   */
  showRight({ coded, size, picture }, how, against, jpegs) {
    const { levels } = coded.decoded[how] ?? coded.decoded.trained;
    const canvas = this.part(".try-right canvas");
    const grey = (shown, label, name) => this.inGrey(canvas, size, shown, label, name);
    const shown = {
      model: () => grey(levels, "What the model gives back", "model"),
      jpeg: () => jpegs?.ofBytes && grey(jpegs.ofBytes.levels, "JPEG of no more bytes", "JPEG"),
      difference: () => picture && this.inColours(canvas, size, differences(picture.levels, levels), "|difference|"),
      latent: () => this.inColours(canvas, coded.latent, firstChannel(coded.latent), "latent"),
    };
    if (!shown[against]()) {
      const none = against === "jpeg" && picture && !jpegs ? "JPEG …" : `${against === "jpeg" ? "JPEG" : against}: none`;
      this.inGrey(canvas, { width: 1, height: 1 }, Uint8Array.of(127), none, none);
    }
    this.legend();
  }

  inGrey(canvas, size, levels, label, name) {
    paint(canvas, size, levels, GREYS);
    this.nameRight(canvas, label, name);
    this.rangeShown = null;
    return true;
  }

  inColours(canvas, size, values, name) {
    const { greatest } = rangeOf(values);
    this.rangeShown = { name, least: 0, greatest };
    paint(canvas, size, placesOf(values, 0, greatest), this.colours);
    this.nameRight(canvas, `The ${name.replaceAll("|", "")} in colours, to ${greatest.toFixed(1)}`, name);
    return true;
  }

  nameRight(canvas, label, name) {
    canvas.setAttribute("aria-label", label);
    this.part(".try-name-right").textContent = name;
  }

  /** @param {Session} session */
  showMap({ coded: { attention } }) {
    this.attention = attention;
    this.part(".try-opacity").hidden = !attention;
    this.part(".try-attention").hidden = !attention;
    if (!attention) return;
    const { map, least, greatest } = attention;
    const places = placesOf(firstChannel(map), least, greatest);
    paint(this.part(".try-map canvas"), map, places, this.colours);
    this.layMap();
  }

  layMap() {
    const slider = this.part(".try-opacity input");
    slider.setAttribute("aria-valuetext", `${slider.value} %`);
    this.part(".try-map").style.opacity = String(slider.value / 100);
    this.legend();
  }

  /** The colours that are seen, with what they stand for. */
  legend() {
    const { attention } = this;
    const overlaid = attention && Number(this.part(".try-opacity input").value) > 0;
    const range = overlaid ? { ...attention, name: "attention map" } : this.rangeShown;
    this.part(".try-legend").hidden = !range;
    if (!range) return;
    paintScale(this.part(".try-legend canvas"), this.colours);
    const digits = range.greatest >= 20 ? 0 : 2;
    this.part(".try-legend-name").textContent = range.name;
    this.part(".try-legend-least").textContent = range.least.toFixed(digits);
    this.part(".try-legend-greatest").textContent = range.greatest.toFixed(digits);
  }
}

/** @param {import("./tensors.js").Tensor} of @returns {Float32Array} */
const firstChannel = ({ width, height, values }) => values.subarray(0, width * height);

/** @param {Uint8Array} one @param {Uint8Array} other @returns {Float32Array} */
const differences = (one, other) => Float32Array.from(one, (level, i) => Math.abs(level - other[i]));
