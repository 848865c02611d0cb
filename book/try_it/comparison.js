// The table: the file, and JPEG files of the same bytes and of the same quality.

import { psnr } from "./pixels.js";
import { decibels, element, factor, grouped } from "./words.js";

/**
 * @param {HTMLTableSectionElement} body
 * @param {import("./session.js").Session} session
 * @param {string} how the attention is
 * @param {{ofBytes: any, ofPsnr: any} | null} jpegs null while they are being made
 */
export function fill(body, session, how, jpegs) {
  const { coded, picture, size } = session;
  const pixels = size.width * size.height;
  const row = (name, bytes, of) => {
    const cells = [grouped(bytes), ((8 * bytes) / pixels).toFixed(3), decibels(of)];
    return element("tr", {}, element("th", { scope: "row" }, name), ...cells.map((cell) => element("td", {}, cell)));
  };
  const note = (name, text) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", { colspan: "3" }, text));
  const decoded = coded.decoded[how];
  const rows = [row("the model’s .cae file", coded.file.length, decoded?.psnr ?? null)];
  if (!picture) rows.push(note("JPEG", "needs the original, which a file doesn’t hold"));
  else if (!jpegs) rows.push(note("JPEG", "…"));
  else rows.push(...ofJpegs(row, note, picture, jpegs));
  body.replaceChildren(...rows);
}

function ofJpegs(row, note, { levels }, { ofBytes, ofPsnr }) {
  const of = (jpeg, name) =>
    row(`${name} (quality ${jpeg.quality})`, jpeg.file.length, psnr(levels, jpeg.levels));
  const names = ["JPEG of no more bytes", "JPEG of no lower PSNR"];
  return [
    ofBytes ? of(ofBytes, names[0]) : note(names[0], "none: no JPEG is that small"),
    ofPsnr ? of(ofPsnr, names[1]) : note(names[1], "none: no JPEG is that good"),
  ];
}

/**
 * @param {import("./session.js").Session} session @param {any} jpegs
 * @returns {string} what the table comes to
 */
export function verdict({ coded, picture }, jpegs) {
  if (!picture || !jpegs) return "";
  const { ofBytes, ofPsnr } = jpegs;
  const said = [];
  if (ofBytes) {
    const gain = psnr(picture.levels, ofBytes.levels) - coded.decoded.trained.psnr;
    const word = gain >= 0 ? "better" : "worse";
    said.push(`for no more bytes, JPEG is ${decibels(Math.abs(gain))} dB ${word}`);
  }
  if (ofPsnr) {
    const times = coded.file.length / ofPsnr.file.length;
    said.push(
      times >= 1
        ? `for no lower PSNR, its file is ${factor(times)} times smaller`
        : `for no lower PSNR, its file is ${factor(1 / times)} times larger`,
    );
  }
  const text = said.join("; ");
  return text && `${text[0].toUpperCase()}${text.slice(1)}.`;
}
