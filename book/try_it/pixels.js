// Grey levels, row by row, and what is made of them.

/**
 * @typedef {object} Picture grey levels
 * @property {Uint8Array} levels row by row
 * @property {number} width
 * @property {number} height
 */

/** @param {number} value @returns {number} the nearest integer; of a half, the even one, as in NumPy */
export function roundHalfToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 ? below + 1 : below;
}

/**
 * Colours as grey levels, by the integers that Pillow's convert("L") uses.
 *
 * @param {Uint8ClampedArray} rgba four bytes for each pixel
 * @param {Uint8Array} levels takes them
 * @param {number} at where the first goes
 */
export function toGrey(rgba, levels, at) {
  for (let i = 0, from = 0; from < rgba.length; i++, from += 4) {
    levels[at + i] =
      (19595 * rgba[from] + 38470 * rgba[from + 1] + 7471 * rgba[from + 2] + 32768) >>> 16;
  }
}

/**
 * @param {Uint8Array} one @param {Uint8Array} other grey levels
 * @returns {number} peak signal-to-noise ratio in dB; of equal ones Infinity
 */
export function psnr(one, other) {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] - other[i]) ** 2;
  return sum ? 10 * Math.log10((255 ** 2 * one.length) / sum) : Infinity;
}

/** @param {Float32Array | Uint8Array} values @returns {{least: number, greatest: number, mean: number}} */
export function rangeOf(values) {
  let [least, greatest, sum] = [Infinity, -Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < least) least = values[i];
    if (values[i] > greatest) greatest = values[i];
    sum += values[i];
  }
  return { least, greatest, mean: sum / values.length };
}

/**
 * Cuts a rectangle out of rows.
 *
 * @template {Uint8Array | Float32Array} T
 * @param {T} values @param {number} width of a whole row
 * @param {{left: number, top: number, right: number, bottom: number}} box
 * @returns {T}
 */
export function cut(values, width, { left, top, right, bottom }) {
  const part = new values.constructor((right - left) * (bottom - top));
  for (let y = top; y < bottom; y++) {
    part.set(values.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  }
  return part;
}

/**
 * Puts a rectangle into rows.
 *
 * @param {Uint8Array} part @param {Uint8Array} values takes it @param {number} width of a whole row
 * @param {{left: number, top: number, right: number, bottom: number}} box
 */
export function paste(part, values, width, { left, top, right, bottom }) {
  const across = right - left;
  for (let y = top; y < bottom; y++) {
    values.set(part.subarray((y - top) * across, (y - top + 1) * across), y * width + left);
  }
}
