// The program of the page "Try it". A page that was opened from a disk may load no modules and no worker
// from a file: so all modules are one function (src/reproduce/book/bundle.py), and a worker is begun with
// the text of that function.

import { begin } from "./page.js";
import { serve } from "./worker.js";

/**
 * @param {Function} program all modules; calls this
 * @param {import("./page.js").Data} [data] of the page; workers are sent theirs
 */
export function main(program, data) {
  if (typeof document === "undefined") {
    serve(/** @type {any} */ (self));
    return;
  }
  const source = new Blob([`(${program})();`], { type: "text/javascript" });
  const address = URL.createObjectURL(source);
  begin(document.querySelector("#try-program"), data, () => new Worker(address));
}
