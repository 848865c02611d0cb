// Convolutions in WebAssembly (layers.c): to the same bits as in layers.js, in less than a third of the
// time. All of it is behind the same interface, `Apply`, and where a browser has no WebAssembly, or none
// with instructions for several numbers at once, layers.js does the work.

import { ACTIVATIONS, applied } from "./layers.js";
import { tensor } from "./tensors.js";

/** @typedef {import("./layers.js").Apply} Apply */
/** @typedef {import("./tensors.js").Tensor} Tensor */

/** The activations of layers.c, by their numbers there; any other is applied here, to its sums. */
const KNOWN_THERE = ["linear", "relu", "leaky_relu"];

const DOUBLE = Float64Array.BYTES_PER_ELEMENT;
const SINGLE = Float32Array.BYTES_PER_ELEMENT;

/**
 * @param {BufferSource} program layers.wasm
 * @returns {Apply | null} as `applied` of layers.js; null where that has to do
 */
export function compiled(program) {
  let instance;
  try {
    instance = new WebAssembly.Instance(new WebAssembly.Module(program));
  } catch {
    return null;
  }
  const convolutions = new Convolutions(/** @type {any} */ (instance.exports));
  return (layer, inputs) => {
    const isOne = layer.kind === "convolution" || layer.kind === "dense";
    return (isOne && convolutions.apply(layer, inputs[0])) || applied(layer, inputs);
  };
}

/**
 * @typedef {object} Form of a convolution
 * @property {number} filters
 * @property {number} channels
 * @property {number} rows of the kernel
 * @property {number} columns
 * @property {number} activation its number
 * @property {typeof Float32Array | typeof Float64Array} kind of the values that are made
 */

/** @param {import("./model.js").Layer} layer @returns {Form} */
function formOf({ activation, weights: { kernel } }) {
  // Of a dense layer, the kernel has but channels and filters.
  const [filters, channels, columns = 1, rows = 1] = [...kernel.shape].reverse();
  const number = KNOWN_THERE.indexOf(activation);
  const isKnown = number >= 0;
  return {
    filters,
    channels,
    rows,
    columns,
    activation: isKnown ? number : KNOWN_THERE.length,
    kind: isKnown ? Float32Array : Float64Array,
  };
}

/**
 * A convolution in the memory of layers.c, which doesn't grow: in bands of as many rows as it holds. In it
 * lie, one after the other, bias and kernel as doubles, what is made of a band, and the band of the input.
 */
class Convolutions {
  constructor({ memory, __heap_base: begin, convolve }) {
    this.buffer = memory.buffer;
    this.begin = begin.value; // a multiple of 16
    this.convolve = convolve;
  }

  /**
   * @param {import("./model.js").Layer} layer a convolution, or a dense layer @param {Tensor} input
   * @returns {Tensor | null} what it makes; null if the memory doesn't hold a row
   */
  apply(layer, input) {
    const form = formOf(layer);
    const { height, width } = input;
    const { kernel, bias } = layer.weights;
    const atKernel = this.begin + DOUBLE * form.filters;
    const atMade = atKernel + DOUBLE * kernel.byFilter.length;
    const most = this.rowsFrom(atMade, form, width);
    if (most < 1) return null;
    new Float64Array(this.buffer, this.begin, form.filters).set(bias.values);
    new Float64Array(this.buffer, atKernel, kernel.byFilter.length).set(kernel.byFilter);
    const made = tensor(height, width, form.filters);
    for (let top = 0; top < height; top += most) {
      const rows = Math.min(most, height - top);
      const found = new form.kind(this.buffer, atMade, form.filters * rows * width);
      const planes = this.putBand(atMade + found.byteLength, form, input, top, rows);
      this.convolve(
        planes.byteOffset, width + form.columns - 1, planes.length / form.channels, form.channels,
        atKernel, form.rows, form.columns, this.begin, form.filters,
        rows, width, form.activation, atMade,
      );
      takeBand(found, ACTIVATIONS[layer.activation], made, top, rows);
    }
    return made;
  }

  /** @param {number} atMade @param {Form} form @param {number} width @returns {number} rows that fit there */
  rowsFrom(atMade, { filters, channels, rows, columns, kind }, width) {
    const rowOfInput = SINGLE * channels * (width + columns - 1);
    const rowOfMade = kind.BYTES_PER_ELEMENT * filters * width;
    // Of an odd width, one value is read that lies behind the input.
    const room = this.buffer.byteLength - atMade - SINGLE - (rows - 1) * rowOfInput;
    return Math.floor(room / (rowOfInput + rowOfMade));
  }

  /** @returns {Float32Array} rows of the input in the memory, with the kernel's margins around them */
  putBand(at, form, { height, width, channels, values }, top, rows) {
    const [above, beside] = [(form.rows - 1) / 2, (form.columns - 1) / 2];
    const stride = width + 2 * beside;
    const planes = new Float32Array(this.buffer, at, channels * (rows + 2 * above) * stride);
    planes.fill(0);
    for (let channel = 0, to = beside; channel < channels; channel++) {
      for (let y = top - above; y < top + rows + above; y++, to += stride) {
        if (y < 0 || y >= height) continue;
        const from = (channel * height + y) * width;
        planes.set(values.subarray(from, from + width), to);
      }
    }
    return planes;
  }
}

/** Puts what was made of a band, of all filters, into the whole. */
function takeBand(found, end, { height, width, channels, values }, top, rows) {
  const size = rows * width;
  for (let filter = 0; filter < channels; filter++) {
    const part = found.subarray(filter * size, (filter + 1) * size);
    const at = (filter * height + top) * width;
    if (found instanceof Float32Array) values.set(part, at);
    else for (let i = 0; i < size; i++) values[at + i] = end(part[i]);
  }
}
