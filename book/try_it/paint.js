// Values on canvases, by tables of 256 colours.

/** Rows that are painted at once. */
const STRIP = 256;

/** @typedef {Uint32Array} Colours 256 of them, as ImageData holds them */

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** @param {number} red @param {number} green @param {number} blue */
const packed = (red, green, blue) =>
  (LITTLE_ENDIAN ? (255 << 24) | (blue << 16) | (green << 8) | red : (red << 24) | (green << 16) | (blue << 8) | 255) >>> 0;

/** @type {Colours} */
export const GREYS = Uint32Array.from({ length: 256 }, (_, level) => packed(level, level, level));

/** @param {Uint8Array} rgb 256 colours, three bytes each @returns {Colours} */
export const coloursOf = (rgb) =>
  Uint32Array.from({ length: 256 }, (_, i) => packed(...rgb.subarray(3 * i, 3 * i + 3)));

/** @param {Float32Array} values @param {number} least @param {number} greatest @returns {Uint8Array} places in a table */
export function placesOf(values, least, greatest) {
  const scale = greatest > least ? 255 / (greatest - least) : 0;
  return Uint8Array.from(values, (value) => Math.round((value - least) * scale));
}

/**
 * @param {HTMLCanvasElement} canvas gets that size
 * @param {{width: number, height: number}} size
 * @param {Uint8Array} places in the table, row by row @param {Colours} colours
 */
export function paint(canvas, { width, height }, places, colours) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    const strip = new ImageData(width, rows);
    const pixels = new Uint32Array(strip.data.buffer);
    for (let i = 0, at = top * width; i < pixels.length; i++, at++) pixels[i] = colours[places[at]];
    context.putImageData(strip, 0, top);
  }
}

/** Paints all colours of a table side by side. @param {HTMLCanvasElement} canvas @param {Colours} colours */
export function paintScale(canvas, colours) {
  paint(canvas, { width: 256, height: 1 }, Uint8Array.from({ length: 256 }, (_, i) => i), colours);
}
