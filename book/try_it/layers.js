// The kinds of layers that an exported model is made of (src/reproduce/codec/layer_list.py says what
// each does). A layer calculates in double precision, and what it makes is rounded to single precision
// once, when it is written to a Float32Array: so two readers find the same, whatever the order in which
// they add.

import { exp, log1p } from "./exponential.js";
import { padded, tensor } from "./tensors.js";

/** @typedef {import("./tensors.js").Tensor} Tensor */
/** @typedef {import("./model.js").Weights} Weights */
/** @typedef {(value: number) => number} Change */

/** @type {Record<string, Change>} */
export const ACTIVATIONS = {
  linear: (value) => value,
  relu: (value) => (value > 0 ? value : 0),
  leaky_relu: (value) => (value > 0 ? value : 0.2 * value),
  softplus: (value) => Math.max(value, 0) + log1p(exp(-Math.abs(value))),
  sigmoid: (value) => 1 / (1 + exp(-value)),
};

/** @param {Tensor} input @param {Change} change @returns {Tensor} each value changed */
function changed({ height, width, channels, values }, change) {
  const made = tensor(height, width, channels);
  for (let i = 0; i < values.length; i++) made.values[i] = change(values[i]);
  return made;
}

/**
 * Adds to sums what a 3 x 3 kernel makes of one row of one channel: the inner loop of it all.
 *
 * @param {Float64Array} sums of a row @param {Float32Array} values padded by one
 * @param {number} above where its upper row begins @param {number} stride from a row to the next
 * @param {ArrayLike<number>} kernel @param {number} at where its nine weights begin
 */
function addRow(sums, values, above, stride, kernel, at) {
  const [k0, k1, k2] = [kernel[at], kernel[at + 1], kernel[at + 2]];
  const [k3, k4, k5] = [kernel[at + 3], kernel[at + 4], kernel[at + 5]];
  const [k6, k7, k8] = [kernel[at + 6], kernel[at + 7], kernel[at + 8]];
  const [middle, below] = [above + stride, above + 2 * stride];
  let [a0, a1] = [values[above], values[above + 1]];
  let [b0, b1] = [values[middle], values[middle + 1]];
  let [c0, c1] = [values[below], values[below + 1]];
  for (let x = 0; x < sums.length; x++) {
    const a2 = values[above + x + 2];
    const b2 = values[middle + x + 2];
    const c2 = values[below + x + 2];
    sums[x] +=
      k0 * a0 + k1 * a1 + k2 * a2 + k3 * b0 + k4 * b1 + k5 * b2 + k6 * c0 + k7 * c1 + k8 * c2;
    a0 = a1;
    a1 = a2;
    b0 = b1;
    b1 = b2;
    c0 = c1;
    c1 = c2;
  }
}

/** The same for kernels of any size. */
function addRowOfAny(sums, values, above, stride, kernel, at, rows, columns) {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const weight = kernel[at + row * columns + column];
      const from = above + row * stride + column;
      for (let x = 0; x < sums.length; x++) sums[x] += weight * values[from + x];
    }
  }
}

/** @param {Tensor} input @param {Change} end @param {Record<string, Weights>} weights @returns {Tensor} */
function convolution(input, end, { kernel, bias }) {
  // Of a dense layer, the kernel has but channels and filters.
  const [filters, channels, columns = 1, rows = 1] = [...kernel.shape].reverse();
  const around = padded(input, (rows - 1) / 2, (columns - 1) / 2);
  const made = tensor(input.height, input.width, filters);
  const sums = new Float64Array(input.width);
  const add = rows === 3 && columns === 3 ? addRow : addRowOfAny;
  for (let filter = 0, out = 0; filter < filters; filter++) {
    for (let y = 0; y < input.height; y++) {
      sums.fill(bias.values[filter]);
      for (let channel = 0; channel < channels; channel++) {
        const above = (channel * around.height + y) * around.width;
        const at = (filter * channels + channel) * rows * columns;
        add(sums, around.values, above, around.width, kernel.byFilter, at, rows, columns);
      }
      for (let x = 0; x < input.width; x++) made.values[out++] = end(sums[x]);
    }
  }
  return made;
}

/** @param {Tensor} input @param {Change} end @returns {Tensor} maxima of blocks of 2 x 2, of what there is of them */
function maximumPooling({ height, width, channels, values }, end) {
  const made = tensor(Math.ceil(height / 2), Math.ceil(width / 2), channels);
  for (let channel = 0, out = 0; channel < channels; channel++) {
    for (let y = 0; y < made.height; y++) {
      const upper = (channel * height + 2 * y) * width;
      const lower = 2 * y + 1 < height ? upper + width : upper;
      for (let x = 0; x < made.width; x++, out++) {
        const left = 2 * x;
        const right = left + 1 < width ? left + 1 : left;
        const upmost = Math.max(values[upper + left], values[upper + right]);
        made.values[out] = end(Math.max(upmost, values[lower + left], values[lower + right]));
      }
    }
  }
  return made;
}

/** @param {Tensor} input @param {Change} end @returns {Tensor} each value as a block of 2 x 2 */
function upsampling({ height, width, channels, values }, end) {
  const made = tensor(2 * height, 2 * width, channels);
  for (let row = 0, out = 0; row < channels * 2 * height; row++) {
    const from = (row >> 1) * width;
    for (let x = 0; x < 2 * width; x++) made.values[out++] = end(values[from + (x >> 1)]);
  }
  return made;
}

/**
 * Two inputs, value by value; one may have a single place, or a single channel, which stands for all.
 *
 * @param {Tensor} one @param {Tensor} other @param {(a: number, b: number) => number} join
 */
function together(one, other, join) {
  const [height, width, channels] = ["height", "width", "channels"].map((side) =>
    Math.max(one[side], other[side]),
  );
  const made = tensor(height, width, channels);
  const places = height * width;
  const step = (input) => ({
    ofPlace: input.height * input.width === 1 ? 0 : 1,
    ofChannel: input.channels === 1 ? 0 : input.height * input.width,
  });
  const [a, b] = [step(one), step(other)];
  for (let channel = 0; channel < channels; channel++) {
    for (let place = 0; place < places; place++) {
      made.values[channel * places + place] = join(
        one.values[channel * a.ofChannel + place * a.ofPlace],
        other.values[channel * b.ofChannel + place * b.ofPlace],
      );
    }
  }
  return made;
}

/** @param {Tensor} input @param {(plane: Float32Array) => number} reduce @returns {Tensor} 1 x 1 x channels */
function overPlaces({ height, width, channels, values }, reduce) {
  const made = tensor(1, 1, channels);
  for (let channel = 0; channel < channels; channel++) {
    const first = channel * height * width;
    made.values[channel] = reduce(values.subarray(first, first + height * width));
  }
  return made;
}

const meanOf = (plane) => plane.reduce((sum, value) => sum + value, 0) / plane.length;
const maximumOf = (plane) => plane.reduce((most, value) => Math.max(most, value), -Infinity);

/** @param {Tensor} input @param {Change} end @returns {Tensor} their mean, then their maximum */
function meanAndMaximumOverChannels({ height, width, channels, values }, end) {
  const places = height * width;
  const made = tensor(height, width, 2);
  for (let place = 0; place < places; place++) {
    let [sum, most] = [0, -Infinity];
    for (let channel = 0; channel < channels; channel++) {
      const value = values[channel * places + place];
      sum += value;
      most = Math.max(most, value);
    }
    made.values[place] = end(sum / channels);
    made.values[places + place] = end(most);
  }
  return made;
}

/** @param {Tensor} input @param {Change} end @param {Record<string, Weights>} weights @param {boolean} isInverse */
function normalisation(input, end, { root_beta: beta, root_gamma: gamma }, isInverse) {
  const { height, width, channels, values } = input;
  const places = height * width;
  const made = tensor(height, width, channels);
  for (let channel = 0; channel < channels; channel++) {
    for (let place = 0; place < places; place++) {
      let norm = beta.values[channel] ** 2 + 0.000001;
      for (let other = 0; other < channels; other++) {
        norm += (gamma.values[other * channels + channel] * values[other * places + place]) ** 2;
      }
      const root = Math.sqrt(norm);
      const value = values[channel * places + place];
      made.values[channel * places + place] = end(isInverse ? value * root : value / root);
    }
  }
  return made;
}

/** @type {Record<string, (inputs: Tensor[], end: Change, weights: Record<string, Weights>) => Tensor>} */
const KINDS = {
  convolution: ([input], end, weights) => convolution(input, end, weights),
  dense: ([input], end, weights) => convolution(input, end, weights),
  maximum_pooling: ([input], end) => maximumPooling(input, end),
  upsampling: ([input], end) => upsampling(input, end),
  activation: ([input], end) => changed(input, end),
  invert: ([input], end) => changed(input, (value) => end(1 - value)),
  multiply: ([one, other], end) => together(one, other, (a, b) => end(a * b)),
  add: ([one, other], end) => together(one, other, (a, b) => end(a + b)),
  mean_over_places: ([input], end) => overPlaces(input, (plane) => end(meanOf(plane))),
  maximum_over_places: ([input], end) => overPlaces(input, (plane) => end(maximumOf(plane))),
  mean_and_maximum_over_channels: ([input], end) => meanAndMaximumOverChannels(input, end),
  divisive_normalisation: ([input], end, weights) => normalisation(input, end, weights, false),
  inverse_divisive_normalisation: ([input], end, weights) => normalisation(input, end, weights, true),
};

/** @typedef {(layer: import("./model.js").Layer, inputs: Tensor[]) => Tensor} Apply what a layer makes */

/** @type {Apply} */
export const applied = ({ kind, activation, weights }, inputs) =>
  KINDS[kind](inputs, ACTIVATIONS[activation], weights);
