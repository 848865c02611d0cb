// A model as a codec: grey levels to latents to files, and back, tile by tile. A tile is computed with
// a margin, which is then cut off: what remains is what the whole image gives. So memory doesn't grow
// with the image, and several workers can share it.

import { decode, encode } from "./entropy.js";
import { CodecError } from "./errors.js";
import { STEP_UNIT, latentShape, pack, unpack } from "./fileformat.js";
import { hex } from "./model.js";
import { run } from "./network.js";
import { cut, roundHalfToEven } from "./pixels.js";
import { cropped, tensor } from "./tensors.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./tensors.js").Tensor} Tensor */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

/** Side of a tile, in latent values. */
const TILE = 128;

/**
 * @param {number} width @param {number} height of a latent @param {number | null} reach
 * @returns {{inner: Box, outer: Box}[]} tiles without and with their margins, one value more than matters
 */
export function tilesOf(width, height, reach) {
  if (reach === null) {
    const whole = { left: 0, top: 0, right: width, bottom: height };
    return [{ inner: whole, outer: whole }];
  }
  const margin = reach + 1;
  const tiles = [];
  for (let top = 0; top < height; top += TILE) {
    for (let left = 0; left < width; left += TILE) {
      const [right, bottom] = [Math.min(width, left + TILE), Math.min(height, top + TILE)];
      tiles.push({
        inner: { left, top, right, bottom },
        outer: {
          left: Math.max(0, left - margin),
          top: Math.max(0, top - margin),
          right: Math.min(width, right + margin),
          bottom: Math.min(height, bottom + margin),
        },
      });
    }
  }
  return tiles;
}

/** @param {Box} box @param {Box} around @returns {Box} the same, seen from the other's corner */
const within = (box, { left, top }) => ({
  left: box.left - left,
  top: box.top - top,
  right: box.right - left,
  bottom: box.bottom - top,
});

/** @param {Box} box in latent values @param {number} stride @param {{width: number, height: number}} image */
export const pixelsOf = ({ left, top, right, bottom }, stride, { width, height }) => ({
  left: stride * left,
  top: stride * top,
  right: Math.min(width, stride * right),
  bottom: Math.min(height, stride * bottom),
});

/**
 * @param {Model} model @param {import("./pixels.js").Picture} part the pixels of a tile with its margin
 * @param {{inner: Box, outer: Box}} tile
 * @returns {Tensor} the latent of the tile
 */
export function encodeTile(model, { levels, width, height }, { inner, outer }) {
  const input = tensor(height, width, 1);
  for (let i = 0; i < levels.length; i++) input.values[i] = levels[i] / 255;
  return cropped(run(model.encoder, input), within(inner, outer));
}

/**
 * @param {Model} model @param {Tensor} latent of a tile with its margin, weighted by the attention
 * @param {{inner: Box, outer: Box}} tile @param {{width: number, height: number}} image
 * @returns {Uint8Array} the grey levels of the tile
 */
export function decodeTile(model, latent, { inner, outer }, image) {
  const { width, height, values } = run(model.decoder, latent);
  const box = within(pixelsOf(inner, model.stride, image), {
    left: model.stride * outer.left,
    top: model.stride * outer.top,
  });
  const levels = new Uint8Array(width * height);
  for (let i = 0; i < levels.length; i++) {
    // In single precision, as the codec in Python.
    levels[i] = roundHalfToEven(Math.fround(Math.min(1, Math.max(0, values[i])) * 255));
  }
  return cut(levels, width, box);
}

/** @param {number} step @returns {number} in the format's units */
export const unitsOf = (step) => roundHalfToEven(step * STEP_UNIT);

/**
 * @param {Float32Array} latent @param {number} units of the step
 * @returns {Int32Array} in whole steps
 */
export function quantise(latent, units) {
  // A latent has no bounds; the coder's are 32 bits.
  const most = 2 ** 31 - 256;
  const factor = Math.fround(STEP_UNIT / units);
  const steps = new Int32Array(latent.length);
  for (let i = 0; i < steps.length; i++) {
    const scaled = Math.fround(latent[i] * factor);
    steps[i] = roundHalfToEven(Math.min(Math.max(scaled, -most), most));
  }
  return steps;
}

/** @param {Int32Array} steps @param {number} units @returns {Float32Array} the latent that they stand for */
export function dequantise(steps, units) {
  const step = Math.fround(units / STEP_UNIT);
  const latent = new Float32Array(steps.length);
  for (let i = 0; i < latent.length; i++) latent[i] = Math.fround(steps[i]) * step;
  return latent;
}

/**
 * @param {Model} model @param {Int32Array} steps channel by channel
 * @param {{width: number, height: number}} image @param {number} units
 * @returns {Uint8Array} a file
 */
export function write(model, steps, { width, height }, units) {
  const { number, fingerprint, channels, stride } = model;
  const header = { model: number, fingerprint, width, height, units, channels, stride };
  const shape = latentShape(header);
  return pack(header, encode(planesOf(steps, shape), shape, model.tables));
}

function planesOf(steps, { width, height, channels }) {
  const size = width * height;
  return Array.from({ length: channels }, (_, i) => steps.subarray(i * size, (i + 1) * size));
}

/**
 * @param {Model[]} models those that there are @param {Uint8Array} file
 * @returns {{model: Model, header: import("./fileformat.js").Header, steps: Int32Array}}
 * @throws {CodecError} it is no such file, a damaged one, or of another model
 */
export function read(models, file) {
  const { header, payload } = unpack(file);
  const model = writerOf(models, header);
  const latent = decode(payload, latentShape(header), model.tables);
  if (header.channels !== model.channels || header.stride !== model.stride) {
    throw new CodecError(
      `damaged: a latent of ${header.channels} channels with a stride of ${header.stride}, which ` +
        "this model doesn't have",
    );
  }
  const steps = new Int32Array(latent.length * latent[0].length);
  latent.forEach((plane, i) => steps.set(plane, i * plane.length));
  return { model, header, steps };
}

/** @param {Model[]} models @param {import("./fileformat.js").Header} header @returns {Model} */
function writerOf(models, header) {
  const model = models.find(({ number }) => number === header.model);
  if (!model) {
    const there = models.map(({ number, name }) => `${number} (${name})`).join(", ");
    throw new CodecError(
      `made by model ${header.model}, which this version lacks; it has ${there}`,
    );
  }
  const [theirs, ours] = [hex(header.fingerprint), hex(model.fingerprint)];
  if (theirs !== ours) {
    throw new CodecError(
      `made by model ${header.model} with fingerprint ${theirs}, and this is model ` +
        `${model.number} (${model.name}) with ${ours}`,
    );
  }
  return model;
}
