// Integer latents to payloads and back: predictions and tables (contexts.js), tokens (tokens.js),
// and the coder (stack.js). The same bytes as src/reproduce/codec/entropy.py writes.

import { Plane, waves } from "./contexts.js";
import { CodecError } from "./errors.js";
import { Reader, Writer } from "./stack.js";
import { DIRECT, ESCAPE, HALF, TOKENS, leastOf, rawBits, toResidual, toUnsigned, tokenOf } from "./tokens.js";

const LATENTS_PER_BIT = 2048;
const BITS_PER_LATENT = 58;
const OVERHEAD_BITS = 96;

/**
 * @typedef {object} Shape of a latent
 * @property {number} width
 * @property {number} height
 * @property {number} channels
 */

/**
 * @param {Uint32Array} frequencies rows of 61, one for each context
 * @returns {Uint32Array} where the tokens of each context begin, and after the last 2^24
 */
export function startsOf(frequencies) {
  const rows = frequencies.length / TOKENS;
  const starts = new Uint32Array(rows * (TOKENS + 1));
  for (let row = 0; row < rows; row++) {
    for (let token = 0, sum = 0; token < TOKENS; token++) {
      sum += frequencies[row * TOKENS + token];
      starts[row * (TOKENS + 1) + token + 1] = sum;
    }
  }
  return starts;
}

/**
 * @param {Int32Array[]} latent a plane for each channel, row by row
 * @param {Shape} shape
 * @param {Uint32Array[]} tables for each channel, from `startsOf`
 * @returns {Uint8Array} the payload
 */
export function encode(latent, shape, tables) {
  const writer = new Writer();
  // The coder is a stack, so what is to be decoded first comes last.
  for (let channel = shape.channels - 1; channel >= 0; channel--) {
    encodePlane(writer, latent[channel], shape, tables[channel]);
  }
  return writer.bytes();
}

/** @param {Writer} writer @param {Int32Array} values @param {Shape} shape @param {Uint32Array} starts */
function encodePlane(writer, values, { width, height }, starts) {
  const { contexts, unsigned, bounds } = describe(values, width, height);
  for (let wave = bounds.length - 1; wave > 0; wave--) {
    const [first, end] = [bounds[wave - 1], bounds[wave]];
    for (let i = end - 1; i >= first; i--) {
      const token = tokenOf(unsigned[i]);
      if (token === ESCAPE) {
        writer.bits(HALF, unsigned[i] % 2 ** HALF);
        writer.bits(HALF, Math.floor(unsigned[i] / 2 ** HALF));
      } else if (token >= DIRECT) {
        writer.bits(rawBits(token), unsigned[i] - leastOf(token));
      }
    }
    for (let i = end - 1; i >= first; i--) writer.token(starts, contexts[i], tokenOf(unsigned[i]));
  }
}

/**
 * Describes a plane in the order of the file: contexts and residuals of all values, where waves begin.
 *
 * @param {Int32Array} values @param {number} width @param {number} height
 */
function describe(values, width, height) {
  const plane = new Plane(width, height);
  const contexts = new Uint8Array(values.length);
  const unsigned = new Float64Array(values.length);
  const bounds = [0];
  let i = 0;
  for (const { wave, first, last } of waves(width, height)) {
    for (let y = first; y <= last; y++, i++) {
      const x = wave - 2 * y;
      const value = values[y * width + x];
      plane.look(x, y);
      plane.set(x, y, value, plane.predicted);
      contexts[i] = plane.context;
      unsigned[i] = toUnsigned(value - Math.floor(plane.predicted / 16));
    }
    bounds.push(i);
  }
  return { contexts, unsigned, bounds };
}

/**
 * Refuses at once what is too short or too long for that many values, so that a short file never
 * takes long, whatever size it claims.
 *
 * @param {Uint8Array} payload
 * @param {Shape} shape
 * @param {Uint32Array[]} tables
 * @returns {Int32Array[]} a plane for each channel
 * @throws {CodecError} the bytes are no latent of that shape
 */
export function decode(payload, shape, tables) {
  const { width, height, channels } = shape;
  if (channels !== tables.length) {
    throw new CodecError(`a latent of ${channels} channels, and tables of ${tables.length}`);
  }
  if (payload.length % 4) {
    throw new CodecError(`damaged: a payload of ${payload.length} bytes is no row of 4-byte words`);
  }
  const [values, bits] = [width * height * channels, 8 * payload.length];
  if (bits < Math.floor(values / LATENTS_PER_BIT) || bits > BITS_PER_LATENT * values + OVERHEAD_BITS) {
    throw new CodecError(
      `damaged: a payload of ${payload.length} bytes does not fit ${height} x ${width} x ` +
        `${channels} values`,
    );
  }
  const reader = new Reader(payload);
  const latent = tables.map((starts) => decodePlane(reader, width, height, starts));
  if (!reader.isAtBottom) {
    throw new CodecError("damaged: the payload does not end where the latent does");
  }
  return latent;
}

/** @param {Reader} reader @param {number} width @param {number} height @param {Uint32Array} starts */
function decodePlane(reader, width, height, starts) {
  const plane = new Plane(width, height);
  const latent = new Int32Array(width * height);
  const predicted = new Float64Array(height);
  const tokens = new Uint8Array(height);
  for (const { wave, first, last } of waves(width, height)) {
    // A wave is its tokens, then the raw bits of those that have some.
    for (let y = first; y <= last; y++) {
      plane.look(wave - 2 * y, y);
      predicted[y] = plane.predicted;
      tokens[y] = reader.token(starts, plane.context);
    }
    for (let y = first; y <= last; y++) {
      const value = Math.floor(predicted[y] / 16) + toResidual(unsignedOf(reader, tokens[y]));
      if (value !== (value | 0)) throw new CodecError("damaged: a value does not fit into 32 bits");
      const x = wave - 2 * y;
      plane.set(x, y, value, predicted[y]);
      latent[y * width + x] = value;
    }
    if (reader.isShort) throw new CodecError("damaged: the payload ends before the latent does");
  }
  return latent;
}

/** @param {Reader} reader @param {number} token @returns {number} u, with the raw bits that it takes */
function unsignedOf(reader, token) {
  if (token < DIRECT) return token;
  if (token === ESCAPE) return reader.bits(HALF) * 2 ** HALF + reader.bits(HALF);
  return leastOf(token) + reader.bits(rawBits(token));
}
