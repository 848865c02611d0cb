// What the reader is told: how far the work is, what came of it, and what is wrong.

import { CodecError } from "./errors.js";
import { NoWorkers } from "./pool.js";

export class Messages {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.root.querySelector(selector);
  }

  /** Work is begun. */
  begin() {
    this.part(".try-error").hidden = true;
    this.root.setAttribute("aria-busy", "true");
  }

  /** @param {string} text */
  say(text) {
    const status = this.part(".try-status");
    if (status.textContent !== text) status.textContent = text;
  }

  /** @param {string} text said of work that can be cancelled */
  sayOfLong(text) {
    this.say(text);
    this.part(".try-cancel").hidden = false;
  }

  /** @param {string} what @param {number} done @param {number} of */
  progress(what, done, of) {
    this.sayOfLong(`${what} …`);
    Object.assign(this.part("progress"), { hidden: false, max: of, value: done });
  }

  /** Nothing is being done any more. @param {string} text */
  rest(text) {
    this.say(text);
    this.part("progress").hidden = true;
    this.part(".try-cancel").hidden = true;
    this.root.removeAttribute("aria-busy");
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

  /** @param {string[]} notes on what may differ from the command line */
  note(notes) {
    const place = this.part(".try-notes");
    place.hidden = !notes.length;
    const ending = "Its file may differ from the command line’s.";
    place.textContent = notes.length ? `${notes.join(" ")} ${ending}` : "";
  }
}
