// What the reader keeps: files, and the commands that do the same.

import { SUFFIX } from "./fileformat.js";
import { element } from "./words.js";

/** The step of the command line that is not typed. */
const STANDARD = 2 ** -2;

/** @param {Uint8Array} data @param {string} name of the file */
export function save(data, name) {
  const address = URL.createObjectURL(new Blob([data], { type: "application/octet-stream" }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/**
 * @param {string} photograph its name @param {number} chosen the step
 * @param {boolean} isWithOriginal so that it can be compressed
 * @returns {string} the commands, one a line
 */
export function commands(photograph, chosen, isWithOriginal) {
  const name = photograph.replaceAll(/[^\w.-]/g, "_");
  const step = chosen === STANDARD ? "" : ` --step ${chosen}`;
  const lines = [`reproduce decompress ${name}${SUFFIX} ${name}.png`];
  if (isWithOriginal) lines.unshift(`reproduce compress ${name}.jpg ${name}${SUFFIX}${step}`);
  return lines.join("\n");
}
