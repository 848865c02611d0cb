// What workers do. A task takes and returns what can be sent between threads.

import { decodeTile, dequantise, encodeTile, quantise, read, write } from "./codec.js";
import { CodecError } from "./errors.js";
import { latentShape } from "./fileformat.js";
import { coefficientsOf, decodeJpeg, encodeJpeg, jpegOfBytes, jpegOfPsnr, quantise as quantiseJpeg } from "./jpeg.js";
import { applied } from "./layers.js";
import { readModel } from "./model.js";
import { mapOf, weighted } from "./network.js";
import { psnr } from "./pixels.js";
import { compiled } from "./wasm.js";

/** @type {import("./model.js").Model[]} */
let models = [];

const numbered = (number) => models.find((model) => model.number === number);

/** @type {Record<string, (told: any) => any>} */
export const TASKS = {
  /**
   * Reads the models that there are; the first is the one that files are written with. Returns whether
   * layers are applied in WebAssembly.
   */
  start: ({ exported, program }) => {
    const apply = compiled(program);
    models = exported.map(({ list, numbers }) => readModel(list, numbers, apply ?? applied));
    return apply !== null;
  },

  encodeTile: ({ number, part, tile }) => encodeTile(numbered(number), part, tile),

  decodeTile: ({ number, latent, tile, image }) => decodeTile(numbered(number), latent, tile, image),

  /** Writes a latent as a file, and returns it as the file has it, in whole steps. */
  write: ({ number, latent, image, units }) => {
    const steps = quantise(latent.values, units);
    const file = write(numbered(number), steps, image, units);
    return { file, latent: { ...latent, values: dequantise(steps, units) } };
  },

  read: ({ file }) => {
    const { header, steps } = read(models, file);
    const latent = { ...latentShape(header), values: dequantise(steps, header.units) };
    return { header, steps, latent };
  },

  /** The attention map, and what the decoder takes of the latent. */
  attend: ({ number, latent, how }) => {
    const model = numbered(number);
    const map = mapOf(model, latent);
    return { map, weighted: weighted(model, latent, map, how) };
  },

  /** JPEG files of no more bytes, and of no lower PSNR. */
  jpegs: ({ picture, bytes, least }) => {
    const { width, height } = picture;
    const coefficients = coefficientsOf(picture);
    return {
      ofBytes: jpegOfBytes(coefficients, width, height, bytes),
      ofPsnr: jpegOfPsnr(coefficients, picture, least),
    };
  },

  /** Bytes and PSNR of JPEG files of some qualities. */
  jpegCurve: ({ picture, qualities }) => {
    const { levels, width, height } = picture;
    const coefficients = coefficientsOf(picture);
    return qualities.map((quality) => {
      const whole = quantiseJpeg(coefficients, quality);
      const bytes = encodeJpeg(whole, width, height, quality).length;
      return { quality, bytes, psnr: psnr(levels, decodeJpeg(whole, width, height, quality)) };
    });
  },
};

/**
 * Answers what a worker is asked, one task at a time.
 *
 * @param {DedicatedWorkerGlobalScope} scope
 */
export function serve(scope) {
  scope.onmessage = ({ data: { id, task, told } }) => {
    try {
      scope.postMessage({ id, found: TASKS[task](told) });
    } catch (error) {
      scope.postMessage({ id, error: error.message, isRefused: error instanceof CodecError });
    }
  };
}
