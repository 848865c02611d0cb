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

/** @param {string} file its name @returns {string} what the page's own files of it are called, before the dot */
export function stem(file) {
  return file.replace(/\.[^.]*$/, "") || "photo";
}

/** @param {string} file its name @returns {string} what its picture is called that came back: never as itself */
export function decoded(file) {
  const name = `${stem(file)}.png`;
  return name.toLowerCase() === file.toLowerCase() ? `${stem(file)}-decoded.png` : name;
}

/**
 * @param {string} opened name of the file that was opened, a photograph or a file of the codec
 * @param {number} chosen the step
 * @param {boolean} isPhotograph so that it can be compressed
 * @returns {string} the commands, one a line, for the files under the names that they have
 */
export function commands(opened, chosen, isPhotograph) {
  const coded = word(isPhotograph ? `${stem(opened)}${SUFFIX}` : opened);
  const step = chosen === STANDARD ? "" : ` --step ${chosen}`;
  const lines = [`reproduce decompress ${coded} ${word(decoded(opened))}`];
  if (isPhotograph) lines.unshift(`reproduce compress ${word(opened)} ${coded}${step}`);
  return lines.join("\n");
}

/** @param {string} name of a file @returns {string} as a shell takes it: no option, no two words */
function word(name) {
  const path = name.startsWith("-") ? `./${name}` : name;
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
