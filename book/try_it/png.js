// A PNG file of grey levels. Each row is written as differences from the one above it (filter "Up"),
// which suits photographs better than the levels themselves; the browser does the deflating.

import { crc32 } from "./fileformat.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const UP = 2;

/** @param {import("./pixels.js").Picture} picture @returns {Promise<Uint8Array>} the file */
export async function encodePng({ levels, width, height }) {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 0, 0, 0, 0], 8); // 8 bits, grey, and the only methods that there are
  const data = await deflated(filtered(levels, width, height));
  const parts = [Uint8Array.from(SIGNATURE), chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array())];
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function filtered(levels, width, height) {
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0, at = 0; y < height; y++) {
    rows[at++] = UP;
    for (let x = 0, from = y * width; x < width; x++, from++) {
      rows[at++] = levels[from] - (y ? levels[from - width] : 0);
    }
  }
  return rows;
}

async function deflated(data) {
  const stream = new Blob([data]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(name, data) {
  const made = new Uint8Array(12 + data.length);
  const view = new DataView(made.buffer);
  view.setUint32(0, data.length);
  made.set(new TextEncoder().encode(name), 4);
  made.set(data, 8);
  view.setUint32(8 + data.length, crc32(made.subarray(4, 8 + data.length)));
  return made;
}
