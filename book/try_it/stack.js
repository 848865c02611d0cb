// The entropy coder, an asymmetric numeral system: a state of 64 bits over a stack of words of 32
// bits, as `constriction` has it as AnsCoder. A number of JavaScript holds 53 bits, and its BigInt
// is ten times slower, so the state is held in two halves, and each step of the arithmetic stays
// below 2^53.

import { CodecError } from "./errors.js";
import { TOKENS } from "./tokens.js";

/** Frequencies of a table add up to 2 to the power of this. */
const PRECISION = 24;
const WORD = 2 ** 32;

/** Takes tokens and raw bits from a payload. */
export class Reader {
  /** @param {Uint8Array} payload a multiple of 4 bytes @throws {CodecError} no coder wrote it */
  constructor(payload) {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    this.words = new Uint32Array(payload.length / 4);
    for (let i = 0; i < this.words.length; i++) this.words[i] = view.getUint32(4 * i, true);
    this.left = this.words.length;
    if (this.left && this.words[this.left - 1] === 0) {
      throw new CodecError(
        "damaged: the payload is no output of the entropy coder (Invalid compressed data: ANS " +
          "compressed data never ends in a zero word.)",
      );
    }
    this.high = this.pop();
    this.low = this.high;
    if (this.left) this.low = this.pop();
    else this.high = 0;
  }

  pop() {
    return this.left ? this.words[--this.left] : 0;
  }

  /** Whether less than a whole state is left: a payload that goes on from there has ended too early. */
  get isShort() {
    return this.high === 0;
  }

  /** Whether the state is as an encoder begins, and no word is left. */
  get isAtBottom() {
    return this.high === 1 && this.low === 0 && this.left === 0;
  }

  /**
   * state = (state >> 24) * frequency + rest
   *
   * @param {number} frequency below 2^24 @param {number} rest below that
   */
  drop(frequency, rest) {
    // The upper 40 bits of the state, in two halves of 20.
    const upper = this.high >>> 12;
    const lower = ((this.high & 0xfff) << 8) | (this.low >>> 24);
    const product = upper * frequency; // below 2^44
    const sum = (product % 4096) * 2 ** 20 + lower * frequency + rest; // below 2^46
    this.high = Math.floor(product / 4096) + Math.floor(sum / WORD);
    this.low = sum % WORD;
    if (this.high === 0 && this.left > 0) {
      this.high = this.low;
      this.low = this.pop();
    }
  }

  /**
   * @param {Uint32Array} starts of a table: where each token begins, and at the end 2^24
   * @param {number} context the table
   * @returns {number} the token
   */
  token(starts, context) {
    const place = this.low & 0xffffff;
    const first = context * (TOKENS + 1);
    let found = first;
    while (starts[found + 1] <= place) found++;
    this.drop(starts[found + 1] - starts[found], place - starts[found]);
    return found - first;
  }

  /** @param {number} count of bits, at most 17 @returns {number} their value */
  bits(count) {
    const place = this.low & 0xffffff;
    const frequency = 1 << (PRECISION - count);
    this.drop(frequency, place & (frequency - 1));
    return place >>> (PRECISION - count);
  }
}

/** Puts tokens and raw bits on a stack: what is to be read first comes last. */
export class Writer {
  constructor() {
    /** @type {number[]} */
    this.words = [];
    // Not an empty state: on that, a likely token would cost nothing at all.
    [this.high, this.low] = [1, 0];
  }

  /**
   * state = (state div frequency) << 24 | start + state mod frequency
   *
   * @param {number} frequency below 2^24 @param {number} start
   */
  put(frequency, start) {
    if (this.high >= frequency * 2 ** (32 - PRECISION)) {
      this.words.push(this.low);
      [this.high, this.low] = [0, this.high];
    }
    // A long division: the upper word, then the halves of the lower.
    const first = Math.floor(this.high / frequency);
    const second = (this.high - first * frequency) * 2 ** 16 + Math.floor(this.low / 2 ** 16);
    const middle = Math.floor(second / frequency);
    const third = (second - middle * frequency) * 2 ** 16 + (this.low % 2 ** 16);
    const last = Math.floor(third / frequency);
    const rest = start + third - last * frequency;
    const quotient = first * WORD + middle * 2 ** 16 + last; // below 2^40, as `high` was
    this.high = Math.floor(quotient / 256);
    this.low = (quotient % 256) * 2 ** PRECISION + rest;
  }

  /** @param {Uint32Array} starts as of the reader @param {number} context @param {number} token */
  token(starts, context, token) {
    const at = context * (TOKENS + 1) + token;
    this.put(starts[at + 1] - starts[at], starts[at]);
  }

  /** @param {number} count of bits, at most 17 @param {number} value below 2^count */
  bits(count, value) {
    const frequency = 1 << (PRECISION - count);
    this.put(frequency, value * frequency);
  }

  /** @returns {Uint8Array} the payload */
  bytes() {
    const all = this.words.concat(this.low, this.high);
    const view = new DataView(new ArrayBuffer(4 * all.length));
    all.forEach((word, i) => view.setUint32(4 * i, word, true));
    return new Uint8Array(view.buffer);
  }
}
