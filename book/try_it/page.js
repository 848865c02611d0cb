// The page: what a reader does goes to the session, what comes back to the parts of the page.

import { fill, verdict } from "./comparison.js";
import { CodecError } from "./errors.js";
import { SUFFIX } from "./fileformat.js";
import { show as showHeader } from "./header.js";
import { readModel } from "./model.js";
import { ATTENTIONS } from "./network.js";
import { GREYS, coloursOf, paint, paintScale, placesOf } from "./paint.js";
import { read } from "./photographs.js";
import { rangeOf } from "./pixels.js";
import { draw } from "./plot.js";
import { encodePng } from "./png.js";
import { Cancelled, NoWorkers, Pool } from "./pool.js";
import { Session } from "./session.js";
import { Viewer } from "./viewer.js";
import { decibels, element, grouped, stepName } from "./words.js";

/** Up to this many pixels, what takes several decodings is measured without being asked for. */
const QUICK = 1_200_000;
const STEPS = [-6, -5, -4, -3, -2, -1, 0, 1].map((exponent) => 2 ** exponent);
const QUALITIES = [1, 3, 6, 10, 18, 30, 50, 70, 85];
const MOST_WORKERS = 4;
const STANDARD = 2 ** -2;

/**
 * @typedef {object} Data what the book gives the page: see src/reproduce/book/try_it.py
 * @property {{list: any, numbers: string}[]} models numbers in base64
 * @property {string} program layers.wasm in base64
 * @property {{name: string, title: string, data: string}[]} examples photographs in base64
 * @property {string} colours 256 of them in base64, of false-colour pictures
 * @property {{model: import("./plot.js").Point[], jpeg: import("./plot.js").Point[]}} curves
 */

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** @param {HTMLElement} root @param {Data} data @param {() => Worker} begin starts a worker */
export function begin(root, data, startWorker) {
  new Page(root, data, startWorker);
}

class Page {
  constructor(root, data, startWorker) {
    this.root = root;
    this.data = data;
    this.colours = coloursOf(bytesOf(data.colours));
    this.viewer = new Viewer(root);
    this.photographName = "photo";
    /** What the reader asked for last: all that was asked for before is no longer shown. */
    this.asked = 0;
    this.jpegs = null;
    this.jpegCurve = [];
    root.hidden = false;
    this.listen();
    try {
      const exported = data.models.map(({ list, numbers }) => ({ list, numbers: bytesOf(numbers).buffer }));
      const models = exported.map(({ list, numbers }) => readModel(list, numbers));
      const count = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency ?? 1));
      const given = { exported, program: bytesOf(data.program) };
      this.session = new Session(new Pool(startWorker, given, count), models);
      this.openExample(data.examples[0]);
    } catch (error) {
      this.tell(error);
    }
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.root.querySelector(selector);
  }

  listen() {
    const on = (selector, event, act) => this.part(selector).addEventListener(event, act);
    on(".try-choose input", "change", ({ target }) => {
      this.openBlob(target.files[0]);
      target.value = ""; // so that the same file can be chosen again
    });
    for (const example of this.data.examples) {
      const button = element("button", { type: "button", class: "try-button" }, example.title);
      button.addEventListener("click", () => this.openExample(example));
      this.part(".try-examples").append(button);
    }
    on("#try-step", "input", () => this.nameStep());
    on("#try-step", "change", () => this.turn());
    on(".try-attention", "change", () => this.attend());
    on(".try-against", "change", () => this.showRight());
    on(".try-opacity input", "input", () => this.layMap());
    on(".try-measure", "click", () => this.measureLarge());
    on(".try-save-file", "click", () => this.save(this.session.coded.file, SUFFIX));
    on(".try-save-picture", "click", () => this.savePicture());
    on(".try-cancel", "click", () => this.cancel());
    this.listenForFiles();
    this.nameStep();
  }

  listenForFiles() {
    const over = (isOver) => this.root.classList.toggle("try-over", isOver);
    this.root.addEventListener("dragover", (event) => {
      event.preventDefault();
      over(true);
    });
    this.root.addEventListener("dragleave", () => over(false));
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      this.openBlob(event.dataTransfer.files[0]);
    });
    document.addEventListener("paste", ({ clipboardData }) => this.openBlob(clipboardData.files[0]));
  }

  // What the reader asks for

  openExample({ name, data }) {
    this.openBlob(new File([bytesOf(data)], name));
  }

  /** @param {File | undefined} file */
  openBlob(file) {
    if (!file || !this.session) return;
    this.act(async (task) => {
      this.say("Reading …");
      const found = await read(file);
      this.check(task);
      this.photographName = file.name.replace(/\.[^.]*$/, "") || "photo";
      const isFile = "file" in found;
      // What is shown belongs to what was there before, of which nothing can be had any more.
      this.part(".try-result").inert = true;
      if (isFile) await this.session.openFile(found.file);
      else await this.session.openPicture(found, this.progress("Encoding", task));
      this.check(task);
      this.note(isFile ? [] : found.notes);
      this.jpegCurve = [];
      this.chooseFor(isFile);
      if (!isFile) await this.session.choose(this.step);
      await this.showAll(task);
    });
  }

  /** Another step. */
  turn() {
    if (!this.session?.latent) return;
    this.act(async (task) => {
      this.session.pool.cancel();
      await this.session.choose(this.step);
      await this.showAll(task);
    });
  }

  /** Another attention. */
  attend() {
    if (!this.session?.coded) return;
    this.act(async (task) => {
      await this.session.decode(this.how, this.progress("Decoding", task));
      this.check(task);
      this.showDecoded();
      this.finish(task);
      await this.compare(task);
    });
  }

  /** What is measured of a large photograph only when it is asked for. */
  measureLarge() {
    this.act(async (task) => {
      this.say("Measuring …");
      this.part(".try-cancel").hidden = false;
      await this.measure(task, true);
      this.finish(task);
    });
  }

  cancel() {
    this.asked++;
    this.session.pool.cancel();
    this.rest("Cancelled.");
  }

  /**
   * Does what was asked for, as long as nothing else is.
   *
   * @param {(task: number) => Promise<void>} what
   */
  async act(what) {
    const task = ++this.asked;
    this.began = performance.now();
    this.part(".try-error").hidden = true;
    this.root.setAttribute("aria-busy", "true");
    try {
      await what(task);
    } catch (error) {
      if (task === this.asked && !(error instanceof Cancelled)) this.tell(error);
    }
  }

  check(task) {
    if (task !== this.asked) throw new Cancelled();
  }

  get step() {
    return 2 ** Number(this.part("#try-step").value);
  }

  get how() {
    return this.part("[name=try-attention]:checked").value;
  }

  get against() {
    return this.part("[name=try-against]:checked").value;
  }

  // What is shown

  async showAll(task) {
    const { session } = this;
    this.jpegs = null;
    await session.decode("trained", this.progress("Decoding", task));
    await session.decode(this.how, this.progress("Decoding", task));
    this.check(task);
    Object.assign(this.part(".try-result"), { hidden: false, inert: false });
    showHeader(this.part(".try-header"), session.coded);
    this.command();
    this.showLeft();
    this.showMap();
    this.showDecoded();
    this.finish(task);
    this.root.dispatchEvent(new CustomEvent("coded", { detail: session.coded }));
    await this.compare(task);
  }

  /** Sets JPEG beside the file; what is there already, as after another attention, is not made anew. */
  async compare(task) {
    const { session } = this;
    if (!session.picture) return;
    if (!this.jpegs) {
      const jpegs = await session.jpegs();
      this.check(task);
      this.jpegs = jpegs;
      this.showDecoded();
    }
    await this.measure(task, session.picture.levels.length <= QUICK);
    this.root.dataset.all = String(task);
  }

  /** The photograph's own curve, and what each attention gives: several decodings, so the result stands before. */
  async measure(task, isWanted) {
    const { session } = this;
    this.part(".try-measure").hidden = isWanted;
    if (!isWanted) return;
    for (const how of ATTENTIONS) {
      await session.decode(how, () => {});
      this.check(task);
    }
    this.showFinding();
    if (!this.jpegCurve.length) this.jpegCurve = await session.jpegCurve(QUALITIES);
    this.check(task);
    for (const step of STEPS) {
      await session.measure(step);
      this.check(task);
      this.showPlot();
    }
  }

  showLeft() {
    const { session } = this;
    const left = session.picture ?? { levels: session.coded.decoded.trained.levels };
    const canvas = this.part(".try-left canvas");
    paint(canvas, session.size, left.levels, GREYS);
    const name = session.picture ? "original" : "model";
    canvas.setAttribute("aria-label", session.picture ? "The original" : "What the model gives back");
    this.part(".try-name-left").textContent = name;
    this.viewer.show(session.size);
  }

  showDecoded() {
    const { session, how } = this;
    const { coded, size } = session;
    const { psnr } = coded.decoded[how];
    this.part(".try-bytes").textContent = grouped(coded.file.length);
    this.part(".try-bpp").textContent = ((8 * coded.file.length) / (size.width * size.height)).toFixed(3);
    this.part(".try-psnr").textContent = decibels(psnr);
    fill(this.part(".try-table tbody"), session, how, this.jpegs);
    this.part(".try-verdict").textContent = how === "trained" ? verdict(session, this.jpegs) : "";
    this.showFinding();
    this.showPlot();
    this.showRight();
  }

  showRight() {
    const { session, against, how } = this;
    if (!session?.coded) return;
    const { coded, size, picture } = session;
    const { levels } = coded.decoded[how] ?? coded.decoded.trained;
    const canvas = this.part(".try-right canvas");
    const shown = {
      model: () => this.inGrey(canvas, levels, "What the model gives back", "model"),
      jpeg: () => this.jpegs?.ofBytes && this.inGrey(canvas, this.jpegs.ofBytes.levels, "JPEG of no more bytes", "JPEG"),
      difference: () => picture && this.inColours(canvas, size, differences(picture.levels, levels), "|difference|"),
      latent: () => this.inColours(canvas, coded.latent, firstChannel(coded.latent), "latent"),
    };
    if (!shown[against]()) {
      paint(canvas, { width: 1, height: 1 }, Uint8Array.of(127), GREYS);
      this.part(".try-name-right").textContent =
        against === "jpeg" && picture && !this.jpegs ? "JPEG …" : `${against === "jpeg" ? "JPEG" : against}: none`;
    }
    this.legend();
  }

  inGrey(canvas, levels, label, name) {
    paint(canvas, this.session.size, levels, GREYS);
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

  showMap() {
    const { attention } = this.session.coded;
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
    const attention = this.session?.coded?.attention;
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

  showFinding() {
    const { attention, decoded } = this.session.coded;
    const [trained, mean, none] = ATTENTIONS.map((how) => decoded[how]?.psnr);
    const place = this.part(".try-finding");
    if (!attention || trained == null) return void (place.textContent = "");
    const weight = (1 - attention.mean).toFixed(2);
    const said = [`The decoder is used to a latent at ${weight} of its values, for the map’s mean is ${attention.mean.toFixed(2)} here.`];
    if (mean != null) {
      const worth = decibels(trained - mean);
      said.push(
        `That mean at every place gives ${decibels(mean)} dB, the map ${decibels(trained)} dB: which places it selects is worth ${worth} dB on this photograph.`,
      );
    }
    if (none != null) said.push(`Without any, ${decibels(none)} dB.`);
    place.textContent = said.join(" ");
  }

  showPlot() {
    const { session, data } = this;
    const pixels = session.size.width * session.size.height;
    const placed = ({ bytes, psnr }) => ({ bpp: (8 * bytes) / pixels, psnr });
    const { coded } = session;
    const psnr = coded.decoded[this.how]?.psnr;
    draw(this.part(".try-plot svg"), {
      mean: data.curves,
      own: [...session.points.values()].map(placed),
      jpeg: this.jpegCurve.map(placed),
      now: psnr == null ? null : { ...placed({ bytes: coded.file.length, psnr }), step: coded.header.units / 65536 },
    });
  }

  /** A file's step is its own, and without the original there is nothing to compare with. */
  chooseFor(isFile) {
    const slider = this.part("#try-step");
    if (isFile && !slider.disabled) this.chosenStep = slider.value;
    slider.disabled = isFile;
    slider.value = isFile ? Math.log2(this.session.coded.header.units / 65536) : (this.chosenStep ?? slider.value);
    for (const value of ["jpeg", "difference"]) {
      this.part(`[name=try-against][value=${value}]`).disabled = isFile;
    }
    if (isFile) this.part("[name=try-against][value=latent]").checked = true;
    this.part(".try-plot").hidden = isFile;
    this.nameStep();
  }

  nameStep() {
    const slider = this.part("#try-step");
    const units = slider.disabled && this.session?.coded?.header.units;
    const name = stepName(units ? units / 65536 : this.step);
    this.part(".try-step output").textContent = name;
    slider.setAttribute("aria-valuetext", name);
  }

  command() {
    const name = this.photographName.replaceAll(/[^\w.-]/g, "_");
    const step = this.step === STANDARD ? "" : ` --step ${this.step}`;
    const lines = [`reproduce decompress ${name}${SUFFIX} ${name}.png`];
    if (this.session.picture) lines.unshift(`reproduce compress ${name}.jpg ${name}${SUFFIX}${step}`);
    this.part(".try-command code").textContent = lines.join("\n");
  }

  // What the reader is told

  /** @param {string} what @param {number} task @returns {import("./session.js").Progress} */
  progress(what, task) {
    return (done, of) => {
      if (task !== this.asked) return;
      this.say(`${what} …`);
      const bar = this.part("progress");
      Object.assign(bar, { hidden: false, max: of, value: done });
      this.part(".try-cancel").hidden = false;
    };
  }

  finish(task) {
    this.check(task);
    const { width, height } = this.session.size;
    const { length } = this.session.coded.file;
    const took = performance.now() - this.began;
    const seconds = took < 950 ? `${Math.round(took / 10) * 10} ms` : `${(took / 1000).toFixed(1)} s`;
    const { isCompiled } = this.session.pool;
    const how = isCompiled ? "" : " without WebAssembly";
    this.rest(`${grouped(width)} × ${grouped(height)} pixels, ${grouped(length)} bytes, in ${seconds}${how}.`);
    // For whoever waits for it: tests, and what measures.
    Object.assign(this.root.dataset, { shown: task, took, compiled: isCompiled });
  }

  rest(text) {
    this.say(text);
    this.part("progress").hidden = true;
    this.part(".try-cancel").hidden = true;
    this.root.removeAttribute("aria-busy");
  }

  say(text) {
    const status = this.part(".try-status");
    if (status.textContent !== text) status.textContent = text;
  }

  /** @param {Error} error */
  tell(error) {
    this.rest("");
    const place = this.part(".try-error");
    place.hidden = false;
    if (error instanceof CodecError) place.textContent = `Not possible: ${error.message}.`;
    else if (error instanceof NoWorkers) {
      place.textContent = `This page computes in workers, and this browser starts none (${error.message}).`;
    } else place.textContent = `Something went wrong: ${error.message}.`;
  }

  note(notes) {
    const place = this.part(".try-notes");
    place.hidden = !notes.length;
    const ending = "Its file may differ from the command line’s.";
    place.textContent = notes.length ? `${notes.join(" ")} ${ending}` : "";
  }

  async savePicture() {
    const { coded, size } = this.session;
    const { levels } = coded.decoded[this.how] ?? coded.decoded.trained;
    this.save(await encodePng({ levels, ...size }), ".png");
  }

  /** @param {Uint8Array} data @param {string} suffix */
  save(data, suffix) {
    const address = URL.createObjectURL(new Blob([data], { type: "application/octet-stream" }));
    element("a", { href: address, download: `${this.photographName}${suffix}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }
}

/** @param {import("./tensors.js").Tensor} of @returns {Float32Array} */
const firstChannel = ({ width, height, values }) => values.subarray(0, width * height);

/** @param {Uint8Array} one @param {Uint8Array} other @returns {Float32Array} */
const differences = (one, other) => Float32Array.from(one, (level, i) => Math.abs(level - other[i]));
