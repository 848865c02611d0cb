// What the reader sets: the step, what the attention does, and what stands to the right of the divider.

import { STEP_UNIT } from "./fileformat.js";
import { stepName } from "./words.js";

export class Controls {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.slider = this.part("#try-step");
    /** Of the file that is open, which has a step of its own. @type {number | null} */
    this.units = null;
    /** For photographs, given back after that file. */
    this.chosen = { step: this.slider.value, against: this.against };
    this.slider.addEventListener("input", () => this.nameStep());
    this.nameStep();
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.root.querySelector(selector);
  }

  get step() {
    return 2 ** Number(this.slider.value);
  }

  /** One of ATTENTIONS. */
  get how() {
    return this.part("[name=try-attention]:checked").value;
  }

  get against() {
    return this.part("[name=try-against]:checked").value;
  }

  /**
   * A file's step is its own, and without the original there is nothing to compare with.
   *
   * @param {number | null} units of the file; null for a photograph
   */
  chooseFor(units) {
    const isFile = units !== null;
    const wasFile = this.units !== null;
    if (isFile && !wasFile) this.chosen = { step: this.slider.value, against: this.against };
    if (isFile) this.set(String(Math.log2(units / STEP_UNIT)), "latent");
    else if (wasFile) this.set(this.chosen.step, this.chosen.against);
    this.slider.disabled = isFile;
    for (const value of ["jpeg", "difference"]) {
      this.part(`[name=try-against][value=${value}]`).disabled = isFile;
    }
    this.units = units;
    this.nameStep();
  }

  /** @param {string} step as the slider has it @param {string} against one of the choices */
  set(step, against) {
    this.slider.value = step;
    this.part(`[name=try-against][value=${against}]`).checked = true;
  }

  nameStep() {
    const name = stepName(this.units === null ? this.step : this.units / STEP_UNIT);
    this.part(".try-step output").textContent = name;
    this.slider.setAttribute("aria-valuetext", name);
  }
}
