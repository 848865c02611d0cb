// A trained model as it is exported: a list of layers, and one file of numbers (weights, then tables).

import { startsOf } from "./entropy.js";
import { CodecError } from "./errors.js";
import { applied } from "./layers.js";
import { sha256 } from "./sha256.js";

/**
 * @typedef {object} Weights
 * @property {number[]} shape
 * @property {Float32Array} values the last index changes fastest
 * @property {Float32Array} byFilter of a kernel: filter by filter, channel by channel, row by row
 *
 * @typedef {object} Layer
 * @property {string} name
 * @property {string} kind
 * @property {string[]} inputs names of layers, or the part's input
 * @property {string} activation
 * @property {Record<string, Weights>} weights
 *
 * @typedef {object} Part
 * @property {number | null} reach how many latent places away input can matter; null if all can
 * @property {string} input
 * @property {string} output
 * @property {Layer[]} layers
 * @property {string | null} [map] of an attention
 * @property {import("./layers.js").Apply} apply
 *
 * @typedef {object} Model
 * @property {string} name
 * @property {number} number
 * @property {Uint8Array} fingerprint
 * @property {number} channels
 * @property {number} stride
 * @property {Part} encoder
 * @property {Part} attention
 * @property {Part} decoder
 * @property {Uint32Array[]} tables for each channel
 */

/** @param {Uint8Array} bytes @returns {string} hexadecimal */
export const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * @param {any} list the parsed JSON @param {ArrayBuffer} numbers
 * @param {import("./layers.js").Apply} [apply] what makes of its layers what they make
 * @returns {Model}
 * @throws {CodecError} the numbers are not those of the list
 */
export function readModel(list, numbers, apply = applied) {
  const fingerprint = sha256(new Uint8Array(numbers)).slice(0, 8);
  if (hex(fingerprint) !== list.fingerprint) {
    throw new CodecError(`the numbers of model ${list.name} are damaged: load the page anew`);
  }
  const { name, number, channels, stride } = list;
  const [encoder, attention, decoder] = ["encoder", "attention", "decoder"].map((part) =>
    readPart(list[part], numbers, apply),
  );
  const tables = readTables(list.tables, channels, numbers);
  return { name, number, fingerprint, channels, stride, encoder, attention, decoder, tables };
}

function readPart(part, numbers, apply) {
  const layers = part.layers.map((layer) => {
    const weights = Object.entries(layer.weights).map(([name, place]) => {
      const read = readWeights(place, numbers);
      return [name, name === "kernel" ? { ...read, byFilter: byFilter(read) } : read];
    });
    return { ...layer, weights: Object.fromEntries(weights) };
  });
  return { ...part, layers, apply };
}

const sizeOf = (shape) => shape.reduce((product, side) => product * side, 1);

const readWeights = ({ at, shape }, numbers) => ({
  shape,
  values: new Float32Array(numbers, at, sizeOf(shape)),
});

/**
 * Has the weights of a kernel in the order in which they are used. It is rows x columns x channels x
 * filters, or channels x filters.
 */
function byFilter({ shape, values }) {
  const [channels, filters] = shape.slice(-2);
  const taps = values.length / (channels * filters);
  const turned = new Float32Array(values.length);
  values.forEach((value, i) => {
    const [filter, channel] = [i % filters, Math.floor(i / filters) % channels];
    const tap = Math.floor(i / (filters * channels));
    turned[(filter * channels + channel) * taps + tap] = value;
  });
  return turned;
}

function readTables({ at, shape }, channels, numbers) {
  const each = sizeOf(shape) / channels;
  return Array.from({ length: channels }, (_, channel) =>
    startsOf(new Uint32Array(numbers, at + 4 * channel * each, each)),
  );
}
