// Baseline JPEG of grey levels, with Huffman codes made for the file: what a photograph costs without
// its colours. The browser's own encoder writes colour, at about a fifth more bytes, and so would
// flatter the model that it is compared with.

import { codesFor } from "./huffman.js";
import { psnr } from "./pixels.js";

const SIDE = 8;
const BLOCK = SIDE * SIDE;

// Places of a block in the order of the file, from the mean to the finest pattern.
const ZIGZAG = (() => {
  const places = [];
  for (let diagonal = 0; diagonal < 2 * SIDE - 1; diagonal++) {
    const along = [];
    for (let row = 0; row <= diagonal; row++) {
      if (row < SIDE && diagonal - row < SIDE) along.push(row * SIDE + diagonal - row);
    }
    places.push(...(diagonal % 2 ? along : along.reverse()));
  }
  return places;
})();

// The standard's example of steps for luminance, in rows: what all encoders scale by the quality.
const STEPS = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14,
  17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49,
  64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

// Row u holds the u-th cosine at the places of a block's side; its transpose turns back.
const COSINES = Float64Array.from({ length: BLOCK }, (_, i) => {
  const [u, x] = [i >> 3, i & 7];
  return Math.cos(((2 * x + 1) * u * Math.PI) / (2 * SIDE)) * (u ? 0.5 : Math.SQRT1_2 / 2);
});
const TRANSPOSED = COSINES.map((_, i) => COSINES[(i & 7) * SIDE + (i >> 3)]);

const END_OF_BLOCK = 0;
const SIXTEEN_ZEROS = 0xf0;

/** Multiplies a block with a matrix from both sides, by way of `between`. */
function transformed(block, matrix, between, out, at) {
  for (let y = 0; y < SIDE; y++) {
    for (let u = 0; u < SIDE; u++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += block[y * SIDE + x] * matrix[u * SIDE + x];
      between[y * SIDE + u] = sum;
    }
  }
  for (let v = 0; v < SIDE; v++) {
    for (let u = 0; u < SIDE; u++) {
      let sum = 0;
      for (let y = 0; y < SIDE; y++) sum += between[y * SIDE + u] * matrix[v * SIDE + y];
      out[at + v * SIDE + u] = sum;
    }
  }
}

/**
 * The cosine transform of all blocks of a picture, once for all qualities.
 *
 * @param {import("./pixels.js").Picture} picture
 * @returns {Float32Array} 64 coefficients for each block of 8 x 8 pixels, row by row
 */
export function coefficientsOf({ levels, width, height }) {
  const [across, down] = [Math.ceil(width / SIDE), Math.ceil(height / SIDE)];
  const coefficients = new Float32Array(BLOCK * across * down);
  const [block, between] = [new Float64Array(BLOCK), new Float64Array(BLOCK)];
  for (let i = 0; i < across * down; i++) {
    const [left, top] = [SIDE * (i % across), SIDE * Math.floor(i / across)];
    for (let place = 0; place < BLOCK; place++) {
      // Beyond the border, the last pixel is repeated.
      const x = Math.min(width - 1, left + (place & 7));
      const y = Math.min(height - 1, top + (place >> 3));
      block[place] = levels[y * width + x] - 128;
    }
    transformed(block, COSINES, between, coefficients, BLOCK * i);
  }
  return coefficients;
}

/** @param {number} quality from 1 to 100 @returns {number[]} the steps, as libjpeg scales them */
export function stepsOf(quality) {
  const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return STEPS.map((step) => Math.max(1, Math.min(255, Math.floor((step * scale + 50) / 100))));
}

/**
 * @param {Float32Array} coefficients @param {number} quality
 * @returns {Int16Array} whole steps, block by block in the zigzag order
 */
export function quantise(coefficients, quality) {
  const steps = stepsOf(quality);
  const whole = new Int16Array(coefficients.length);
  for (let at = 0; at < whole.length; at += BLOCK) {
    for (let k = 0; k < BLOCK; k++) {
      const value = coefficients[at + ZIGZAG[k]] / steps[ZIGZAG[k]];
      whole[at + k] = value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5);
    }
  }
  return whole;
}

/** @param {number} value @returns {number} binary digits of its magnitude */
const sizeOf = (value) => 32 - Math.clz32(Math.abs(value));

/**
 * Calls `put(isFirst, symbol, value)` for each symbol of a file: of a block's first coefficient, as a
 * difference from the last block's, or of another one after a run of zeros.
 */
function eachSymbol(whole, put) {
  let before = 0;
  for (let at = 0; at < whole.length; at += BLOCK) {
    const difference = whole[at] - before;
    before = whole[at];
    put(true, sizeOf(difference), difference);
    let last = BLOCK - 1;
    while (last && !whole[at + last]) last--;
    let zeros = 0;
    for (let k = 1; k <= last; k++) {
      const value = whole[at + k];
      if (!value) {
        zeros++;
        continue;
      }
      for (; zeros >= 16; zeros -= 16) put(false, SIXTEEN_ZEROS, 0);
      put(false, (zeros << 4) | sizeOf(value), value);
      zeros = 0;
    }
    if (last < BLOCK - 1) put(false, END_OF_BLOCK, 0);
  }
}

/** Bits into bytes, which grow as they are needed. */
class Bits {
  constructor() {
    this.bytes = new Uint8Array(1 << 16);
    this.length = 0;
    this.waiting = 0;
    this.count = 0;
  }

  /** @param {...number} bytes */
  bytesOf(...bytes) {
    for (const byte of bytes) this.byte(byte);
  }

  /** @param {number} byte */
  byte(byte) {
    if (this.length === this.bytes.length) {
      const grown = new Uint8Array(2 * this.length);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[this.length++] = byte;
  }

  /** @param {number} value @param {number} length in bits, at most 16 */
  put(value, length) {
    this.waiting = (this.waiting << length) | value;
    this.count += length;
    while (this.count >= 8) {
      this.count -= 8;
      const byte = (this.waiting >>> this.count) & 255;
      this.byte(byte);
      if (byte === 255) this.byte(0); // else it would begin a marker
    }
    this.waiting &= (1 << this.count) - 1;
  }

  /** Fills the last byte up with ones. */
  fill() {
    if (this.count) this.put((1 << (8 - this.count)) - 1, 8 - this.count);
  }

  /** @param {number} marker @param {number[]} content */
  segment(marker, content) {
    const length = content.length + 2;
    this.bytesOf(0xff, marker, length >> 8, length & 255, ...content);
  }
}

/**
 * @param {Int16Array} whole from `quantise` @param {number} width @param {number} height
 * @param {number} quality the same @returns {Uint8Array} the file
 */
export function encodeJpeg(whole, width, height, quality) {
  const counts = [new Float64Array(256), new Float64Array(256)];
  eachSymbol(whole, (isFirst, symbol) => counts[isFirst ? 0 : 1][symbol]++);
  const [first, others] = counts.map(codesFor);
  const steps = stepsOf(quality);

  const file = new Bits();
  file.bytesOf(0xff, 0xd8);
  file.segment(0xe0, [74, 70, 73, 70, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]); // JFIF 1.1, square pixels
  file.segment(0xdb, [0, ...ZIGZAG.map((place) => steps[place])]);
  file.segment(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]);
  file.segment(0xc4, [0x00, ...first.counts, ...first.symbols]);
  file.segment(0xc4, [0x10, ...others.counts, ...others.symbols]);
  file.segment(0xda, [1, 1, 0, 0, 63, 0]);
  eachSymbol(whole, (isFirst, symbol, value) => {
    const codes = isFirst ? first : others;
    file.put(codes.code[symbol], codes.length[symbol]);
    const size = symbol & 15;
    // A negative value as one below zero would be, without its sign.
    if (size) file.put(value < 0 ? value + (1 << size) - 1 : value, size);
  });
  file.fill();
  file.bytesOf(0xff, 0xd9);
  return file.bytes.slice(0, file.length);
}

/**
 * What a decoder makes of a file: no browser is asked, since some add noise to what is read from them.
 *
 * @param {Int16Array} whole @param {number} width @param {number} height @param {number} quality
 * @returns {Uint8Array} grey levels
 */
export function decodeJpeg(whole, width, height, quality) {
  const steps = stepsOf(quality);
  const across = Math.ceil(width / SIDE);
  const levels = new Uint8Array(width * height);
  const [block, between, out] = [0, 0, 0].map(() => new Float64Array(BLOCK));
  for (let i = 0; i < whole.length / BLOCK; i++) {
    for (let k = 0; k < BLOCK; k++) block[ZIGZAG[k]] = whole[BLOCK * i + k] * steps[ZIGZAG[k]];
    transformed(block, TRANSPOSED, between, out, 0);
    const [left, top] = [SIDE * (i % across), SIDE * Math.floor(i / across)];
    const [right, bottom] = [Math.min(width, left + SIDE), Math.min(height, top + SIDE)];
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const level = Math.round(out[(y - top) * SIDE + x - left] + 128);
        levels[y * width + x] = level < 0 ? 0 : level > 255 ? 255 : level;
      }
    }
  }
  return levels;
}

/**
 * @typedef {object} Jpeg
 * @property {number} quality
 * @property {Uint8Array} file
 * @property {Uint8Array} levels what it decodes to
 */

/** @param {Float32Array} coefficients @param {number} width @param {number} height @param {number} quality */
function written(coefficients, width, height, quality) {
  const whole = quantise(coefficients, quality);
  const levels = decodeJpeg(whole, width, height, quality);
  return { quality, file: encodeJpeg(whole, width, height, quality), levels };
}

/** Returns the least of the qualities 1 to 100 from which on all fit, or 101 if none does. */
function leastQuality(fits) {
  let [low, high] = [1, 101];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * @param {Float32Array} coefficients @param {number} width @param {number} height @param {number} bytes
 * @returns {Jpeg | null} the best that takes no more bytes; null if even the worst does
 */
export function jpegOfBytes(coefficients, width, height, bytes) {
  const isLarger = (quality) =>
    encodeJpeg(quantise(coefficients, quality), width, height, quality).length > bytes;
  const quality = leastQuality(isLarger) - 1;
  return quality ? written(coefficients, width, height, quality) : null;
}

/**
 * @param {Float32Array} coefficients @param {import("./pixels.js").Picture} picture @param {number} least
 * @returns {Jpeg | null} the smallest that has at least that PSNR; null if even the best has not
 */
export function jpegOfPsnr(coefficients, { levels, width, height }, least) {
  const isAsGood = (quality) =>
    psnr(levels, decodeJpeg(quantise(coefficients, quality), width, height, quality)) >= least;
  const quality = leastQuality(isAsGood);
  return quality <= 100 ? written(coefficients, width, height, quality) : null;
}
