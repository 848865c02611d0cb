// Photographs as grey levels: the browser decodes, and turns them upright; the levels are made of its
// colours as Pillow makes them, so that files come out as the command line writes them.

import { CodecError } from "./errors.js";
import { checkSize, isCompressed } from "./fileformat.js";
import { toGrey } from "./pixels.js";

/** What a page can hold at once; the command line takes more. */
export const MOST_PIXELS_HERE = 24_000_000;

/** Rows that are read from a canvas at once: of a large photograph, all would take 4 bytes a pixel. */
const STRIP = 256;

/**
 * @typedef {import("./pixels.js").Picture & {notes: string[]}} Photograph notes on what may differ from
 * the command line
 */

/**
 * @param {Blob} blob
 * @returns {Promise<{file: Uint8Array} | Photograph>} a compressed file, or grey levels
 * @throws {CodecError} it is neither, or too large
 */
export async function read(blob) {
  const start = new Uint8Array(await blob.slice(0, 32).arrayBuffer());
  if (!start.length) throw new CodecError("the file is empty");
  if (isCompressed(start)) return { file: new Uint8Array(await blob.arrayBuffer()) };
  const bitmap = await decoded(blob);
  try {
    checkSize(bitmap.width, bitmap.height);
    const { width, height } = bitmap;
    if (width * height > MOST_PIXELS_HERE) {
      throw new CodecError(
        `${width}x${height} pixels: this page takes at most ${MOST_PIXELS_HERE.toLocaleString("en-US")} ` +
          "in all; the command line takes more",
      );
    }
    return greyOf(bitmap, is16Bit(start));
  } finally {
    bitmap.close();
  }
}

/** @param {Blob} blob @returns {Promise<ImageBitmap>} its pixels as stored: no profile is applied */
async function decoded(blob) {
  const asStored = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  try {
    return await createImageBitmap(blob, /** @type {ImageBitmapOptions} */ (asStored));
  } catch {
    throw new CodecError("neither a compressed image nor one that this browser can read");
  }
}

/** @param {Uint8Array} start @returns {boolean} whether it is a PNG of 16 bits */
const is16Bit = (start) => start[0] === 0x89 && start[1] === 0x50 && start[24] === 16;

/** @param {ImageBitmap} bitmap @param {boolean} is16 @returns {Photograph} */
function greyOf(bitmap, is16) {
  const { width, height } = bitmap;
  const canvas = canvasOf(width, Math.min(STRIP, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const levels = new Uint8Array(width * height);
  let isTransparent = false;
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const { data } = context.getImageData(0, 0, width, rows);
    isTransparent = layOnWhite(data) || isTransparent;
    toGrey(data, levels, top * width);
  }
  const notes = [];
  if (is16) notes.push("This PNG has 16 bits, of which a browser passes on 8.");
  if (isTransparent) notes.push("What is transparent stands on white.");
  if (addsNoise()) notes.push("This browser changes pixels that pages read (a guard against tracking).");
  return { levels, width, height, notes };
}

/** @param {Uint8ClampedArray} rgba @returns {boolean} whether anything was transparent */
function layOnWhite(rgba) {
  let found = false;
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3];
    if (alpha === 255) continue;
    found = true;
    for (let c = i; c < i + 3; c++) rgba[c] = Math.round((rgba[c] * alpha) / 255 + 255 - alpha);
  }
  return found;
}

/** @returns {HTMLCanvasElement} */
function canvasOf(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** @returns {boolean} whether what is read from a canvas is other than what was painted on it */
function addsNoise() {
  const side = 16;
  const painted = new ImageData(side, side);
  for (let i = 0; i < painted.data.length; i++) painted.data[i] = i % 4 === 3 ? 255 : (i * 37) % 256;
  const context = canvasOf(side, side).getContext("2d", { willReadFrequently: true });
  context.putImageData(painted, 0, 0);
  return context.getImageData(0, 0, side, side).data.some((value, i) => value !== painted.data[i]);
}
