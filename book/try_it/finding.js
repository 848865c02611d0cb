// What the attention is worth on a photograph, in a sentence.

import { ATTENTIONS } from "./network.js";
import { decibels } from "./words.js";

/** @param {import("./session.js").Coded} coded @returns {string} of those attentions that were measured */
export function finding({ attention, decoded }) {
  const [trained, mean, none] = ATTENTIONS.map((how) => decoded[how]?.psnr);
  if (!attention || trained == null) return "";
  const weight = (1 - attention.mean).toFixed(2);
  const said = [`The decoder is used to a latent at ${weight} of its values, for the map’s mean is ${attention.mean.toFixed(2)} here.`];
  if (mean != null) {
    const worth = decibels(trained - mean);
    said.push(
      `That mean at every place gives ${decibels(mean)} dB, the map ${decibels(trained)} dB: which places it selects is worth ${worth} dB on this photograph.`,
    );
  }
  if (none != null) said.push(`Without any, ${decibels(none)} dB.`);
  return said.join(" ");
}
