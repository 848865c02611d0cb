// A part of a model on tensors, and what the attention can be made to do.

import { tensor } from "./tensors.js";

/** @typedef {import("./tensors.js").Tensor} Tensor */
/** @typedef {import("./model.js").Part} Part */

/**
 * @param {Part} part @param {Tensor} input
 * @param {Record<string, Tensor>} [instead] of what layers of these names would make
 * @param {string} [output] of which layer; by default the part's
 * @returns {Tensor}
 */
export function run(part, input, instead = {}, output = part.output) {
  /** @type {Record<string, Tensor>} */
  const made = { [part.input]: input };
  for (const layer of part.layers) {
    if (output in made) break;
    const inputs = layer.inputs.map((name) => made[name]);
    made[layer.name] = instead[layer.name] ?? part.apply(layer, inputs);
  }
  return made[output];
}

/** As trained, its mean at every place, or none at all. */
export const ATTENTIONS = ["trained", "mean", "none"];

/** @param {import("./model.js").Model} model @param {Tensor} latent @returns {Tensor | null} the map, if there is one */
export const mapOf = ({ attention }, latent) =>
  attention.map ? run(attention, latent, {}, attention.map) : null;

/**
 * @param {import("./model.js").Model} model @param {Tensor} latent @param {Tensor | null} map of it
 * @param {string} how one of ATTENTIONS
 * @returns {Tensor} what the decoder takes
 */
export function weighted({ attention }, latent, map, how) {
  if (how === "none") return latent;
  if (!map) return run(attention, latent);
  return run(attention, latent, { [attention.map]: how === "mean" ? meanOverPlaces(map) : map });
}

function meanOverPlaces({ height, width, channels, values }) {
  const mean = tensor(1, 1, channels);
  for (let channel = 0, i = 0; channel < channels; channel++) {
    let sum = 0;
    for (let place = 0; place < height * width; place++) sum += values[i++];
    mean.values[channel] = sum / (height * width);
  }
  return mean;
}
