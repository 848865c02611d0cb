// The page: what a reader does goes to the session, what comes back to the parts of the page.

import { fill, verdict } from "./comparison.js";
import { Controls } from "./controls.js";
import { STEP_UNIT, SUFFIX } from "./fileformat.js";
import { finding } from "./finding.js";
import { show as showHeader } from "./header.js";
import { listen } from "./intake.js";
import { commands, decoded, save, stem } from "./keeping.js";
import { Messages } from "./messages.js";
import { readModel } from "./model.js";
import { ATTENTIONS } from "./network.js";
import { coloursOf } from "./paint.js";
import { read } from "./photographs.js";
import { Pictures } from "./pictures.js";
import { draw } from "./plot.js";
import { encodePng } from "./png.js";
import { Cancelled, Pool } from "./pool.js";
import { Session } from "./session.js";
import { decibels, grouped } from "./words.js";

/** Up to this many pixels, what takes several decodings is measured without being asked for. */
const QUICK = 1_200_000;
const STEPS = [-6, -5, -4, -3, -2, -1, 0, 1].map((exponent) => 2 ** exponent);
const QUALITIES = [1, 3, 6, 10, 18, 30, 50, 70, 85];
const MOST_WORKERS = 4;

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
    this.controls = new Controls(root);
    this.messages = new Messages(root);
    this.pictures = new Pictures(root, coloursOf(bytesOf(data.colours)));
    /** Name of the file that was opened. */
    this.opened = "photo.jpg";
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
      this.messages.tell(error);
    }
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.root.querySelector(selector);
  }

  listen() {
    const examples = this.data.examples.map(({ name, title, data }) => ({ name, title, content: () => bytesOf(data) }));
    listen(this.root, examples, (file) => this.openBlob(file));
    const on = (selector, event, act) => this.part(selector).addEventListener(event, act);
    on("#try-step", "change", () => this.turn());
    on(".try-attention", "change", () => this.attend());
    on(".try-against", "change", () => this.showRight());
    on(".try-measure", "click", () => this.measureLarge());
    on(".try-save-file", "click", () => this.saveFile());
    on(".try-save-picture", "click", () => this.savePicture());
    on(".try-cancel", "click", () => this.cancel());
  }

  // What the reader asks for

  openExample({ name, data }) {
    this.openBlob(new File([bytesOf(data)], name));
  }

  /** @param {File | undefined} file */
  openBlob(file) {
    if (!file || !this.session) return;
    this.act(async (task) => {
      this.messages.say("Reading …");
      const found = await read(file);
      this.check(task);
      this.opened = file.name;
      const isFile = "file" in found;
      // What is shown belongs to what was there before, of which nothing can be had any more.
      this.part(".try-result").inert = true;
      if (isFile) await this.session.openFile(found.file);
      else await this.session.openPicture(found, this.progress("Encoding", task));
      this.check(task);
      this.messages.note(isFile ? [] : found.notes);
      this.jpegCurve = [];
      this.controls.chooseFor(isFile ? this.session.coded.header.units : null);
      this.part(".try-plot").hidden = isFile;
      if (!isFile) await this.session.choose(this.controls.step);
      await this.showAll(task);
    });
  }

  /** Another step. */
  turn() {
    if (!this.session?.latent) return;
    this.act(async (task) => {
      this.session.pool.cancel();
      await this.session.choose(this.controls.step);
      await this.showAll(task);
    });
  }

  /** Another attention. */
  attend() {
    if (!this.session?.coded) return;
    this.act(async (task) => {
      await this.session.decode(this.controls.how, this.progress("Decoding", task));
      this.check(task);
      this.showDecoded();
      this.finish(task);
      await this.compare(task);
    });
  }

  /** What is measured of a large photograph only when it is asked for. */
  measureLarge() {
    this.act(async (task) => {
      this.messages.sayOfLong("Measuring …");
      await this.measure(task, true);
      this.finish(task);
    });
  }

  cancel() {
    this.asked++;
    this.session.pool.cancel();
    // The file of another step is written before it is decoded: then what is shown is not what is kept.
    if (this.session.coded && !this.session.coded.decoded.trained) this.part(".try-result").inert = true;
    this.messages.rest("Cancelled.");
  }

  /**
   * Does what was asked for, as long as nothing else is.
   *
   * @param {(task: number) => Promise<void>} what
   */
  async act(what) {
    const task = ++this.asked;
    this.began = performance.now();
    this.messages.begin();
    try {
      await what(task);
    } catch (error) {
      if (task === this.asked && !(error instanceof Cancelled)) this.messages.tell(error);
    }
  }

  check(task) {
    if (task !== this.asked) throw new Cancelled();
  }

  // What is shown

  async showAll(task) {
    const { session } = this;
    this.jpegs = null;
    this.part(".try-save-picture").disabled = true;
    await session.decode("trained", this.progress("Decoding", task));
    await session.decode(this.controls.how, this.progress("Decoding", task));
    this.check(task);
    Object.assign(this.part(".try-result"), { hidden: false, inert: false });
    this.part(".try-save-picture").disabled = false;
    showHeader(this.part(".try-header"), session.coded);
    const step = session.coded.header.units / STEP_UNIT;
    this.part(".try-command code").textContent = commands(this.opened, step, session.picture !== null);
    this.pictures.showLeft(session);
    this.pictures.showMap(session);
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

  showDecoded() {
    const { session } = this;
    const { how } = this.controls;
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
    const { session, controls, jpegs } = this;
    // While another step is being decoded there is nothing else to show yet.
    if (session?.coded?.decoded.trained) this.pictures.showRight(session, controls.how, controls.against, jpegs);
  }

  showFinding() {
    this.part(".try-finding").textContent = finding(this.session.coded);
  }

  showPlot() {
    const { session, data } = this;
    const pixels = session.size.width * session.size.height;
    const placed = ({ bytes, psnr }) => ({ bpp: (8 * bytes) / pixels, psnr });
    const { coded } = session;
    const psnr = coded.decoded[this.controls.how]?.psnr;
    draw(this.part(".try-plot svg"), {
      mean: data.curves,
      own: [...session.points.values()].map(placed),
      jpeg: this.jpegCurve.map(placed),
      now: psnr == null ? null : { ...placed({ bytes: coded.file.length, psnr }), step: coded.header.units / STEP_UNIT },
    });
  }

  // What the reader is told

  /** @param {string} what @param {number} task @returns {import("./session.js").Progress} */
  progress(what, task) {
    return (done, of) => {
      if (task === this.asked) this.messages.progress(what, done, of);
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
    this.messages.rest(`${grouped(width)} × ${grouped(height)} pixels, ${grouped(length)} bytes, in ${seconds}${how}.`);
    // For whoever waits for it: tests, and what measures.
    Object.assign(this.root.dataset, { shown: task, took, compiled: isCompiled });
  }

  saveFile() {
    save(this.session.coded.file, `${stem(this.opened)}${SUFFIX}`);
  }

  async savePicture() {
    const { coded, size } = this.session;
    const { levels } = coded.decoded[this.controls.how] ?? coded.decoded.trained;
    save(await encodePng({ levels, ...size }), decoded(this.opened));
  }
}
