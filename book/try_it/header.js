// The first bytes of a file with the names of their fields.

import { headerBytes, layoutOf } from "./fileformat.js";
import { hex } from "./model.js";
import { element, grouped } from "./words.js";

const MEANINGS = {
  magic: () => "“\\x89CAE”",
  version: ({ file }) => String(file[4]),
  model: ({ header }) => String(header.model),
  fingerprint: () => "weights and tables",
  width: ({ header }) => `${grouped(header.width)} pixels`,
  height: ({ header }) => `${grouped(header.height)} pixels`,
  step: ({ header }) => `${grouped(header.units)} / 65,536`,
  channels: ({ header }) => String(header.channels),
  stride: ({ header }) => `${header.stride} pixels`,
  payload: ({ file }) => `${grouped(file.length - headerBytes(file[4]))} bytes`,
  checksum: () => "CRC-32",
};

/** @param {HTMLElement} list @param {import("./session.js").Coded} coded */
export function show(list, coded) {
  const items = layoutOf(coded.file[4]).map(([name, at, length]) => {
    const bytes = hex(coded.file.subarray(at, at + length)).replace(/..(?=.)/g, "$& ");
    const value = MEANINGS[name](coded);
    return element(
      "li",
      {},
      element("code", {}, bytes),
      element("strong", {}, name),
      element("span", {}, value),
    );
  });
  list.replaceChildren(...items);
}
