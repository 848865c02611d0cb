// Tensors, height x width x channels, channel by channel: each a plane, row by row.

/**
 * @typedef {object} Tensor
 * @property {number} height
 * @property {number} width
 * @property {number} channels
 * @property {Float32Array} values
 */

/** @param {number} height @param {number} width @param {number} channels @returns {Tensor} of zeros */
export const tensor = (height, width, channels) => ({
  height,
  width,
  channels,
  values: new Float32Array(height * width * channels),
});

/**
 * @param {Tensor} of @param {number} above @param {number} beside rows and columns of zeros on each side
 * @returns {Tensor} with these
 */
export function padded(of, above, beside) {
  const { height, width, channels, values } = of;
  const made = tensor(height + 2 * above, width + 2 * beside, channels);
  for (let channel = 0, from = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++, from += width) {
      const row = (channel * made.height + y + above) * made.width + beside;
      made.values.set(values.subarray(from, from + width), row);
    }
  }
  return made;
}

/**
 * @param {Tensor} of @param {{left: number, top: number, right: number, bottom: number}} box
 * @returns {Tensor} what is in it
 */
export function cropped(of, { left, top, right, bottom }) {
  const made = tensor(bottom - top, right - left, of.channels);
  for (let channel = 0, at = 0; channel < of.channels; channel++) {
    for (let y = top; y < bottom; y++, at += made.width) {
      const row = (channel * of.height + y) * of.width;
      made.values.set(of.values.subarray(row + left, row + right), at);
    }
  }
  return made;
}

/**
 * @param {Tensor} part @param {Tensor} whole takes it
 * @param {{left: number, top: number}} corner where it goes
 */
export function paste(part, whole, { left, top }) {
  for (let channel = 0, from = 0; channel < part.channels; channel++) {
    for (let y = top; y < top + part.height; y++, from += part.width) {
      const row = (channel * whole.height + y) * whole.width + left;
      whole.values.set(part.values.subarray(from, from + part.width), row);
    }
  }
}
