// Answers a test's questions about the modules of the page "Try it": a line of JSON in, one out.
//
//     node tests/answer.mjs
//
// A question is [name, arguments]; an answer is {"answer": …}, {"refused": …} for what a reader is told,
// or {"broken": …} for all else. Arrays of numbers go both ways as {"uint8": base64} and the like.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import * as codec from "../book/try_it/codec.js";
import { verdict } from "../book/try_it/comparison.js";
import * as entropy from "../book/try_it/entropy.js";
import { CodecError } from "../book/try_it/errors.js";
import { exp, log1p } from "../book/try_it/exponential.js";
import * as fileformat from "../book/try_it/fileformat.js";
import { finding } from "../book/try_it/finding.js";
import * as jpeg from "../book/try_it/jpeg.js";
import { commands } from "../book/try_it/keeping.js";
import { applied } from "../book/try_it/layers.js";
import { readModel } from "../book/try_it/model.js";
import * as network from "../book/try_it/network.js";
import * as pixels from "../book/try_it/pixels.js";
import { encodePng } from "../book/try_it/png.js";
import { Pool } from "../book/try_it/pool.js";
import { sha256 } from "../book/try_it/sha256.js";
import { cropped, paste, tensor } from "../book/try_it/tensors.js";
import { compiled } from "../book/try_it/wasm.js";
import { factor } from "../book/try_it/words.js";

const KINDS = {
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** @param {any} told @returns {any} with arrays in place of texts */
function received(told) {
  if (told === null || typeof told !== "object") return told;
  const [[kind, text] = []] = Object.entries(told);
  if (kind in KINDS && typeof text === "string") {
    const bytes = Uint8Array.from(Buffer.from(text, "base64"));
    return new KINDS[kind](bytes.buffer);
  }
  const parts = Object.entries(told).map(([name, part]) => [name, received(part)]);
  return Array.isArray(told) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
}

/** @param {any} found @returns {any} with texts in place of arrays */
function sent(found) {
  if (found === null || typeof found !== "object") return found;
  for (const [name, kind] of Object.entries(KINDS)) {
    if (found instanceof kind) {
      const { buffer, byteOffset, byteLength } = found;
      return { [name]: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
    }
  }
  const parts = Object.entries(found).map(([name, part]) => [name, sent(part)]);
  return Array.isArray(found) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
}

/** @type {import("../book/try_it/model.js").Model[]} */
const models = [];

const PROGRAM = readFileSync(new URL("../book/try_it/layers.wasm", import.meta.url));

/** What applies layers, by name; null for one that isn't there. */
const WAYS = { JavaScript: applied, WebAssembly: compiled(PROGRAM) };

/** @returns {Float32Array} what a convolution makes */
function convolved({ way, kernel, shape, bias, activation, input }) {
  const [channels, filters] = shape.slice(-2);
  const taps = kernel.length / (channels * filters);
  const turned = kernel.map((_, i) => {
    const [tap, both] = [i % taps, Math.floor(i / taps)];
    return kernel[(tap * channels + (both % channels)) * filters + Math.floor(both / channels)];
  });
  const weights = { kernel: { shape, values: kernel, byFilter: turned }, bias: { values: bias } };
  return WAYS[way]({ kind: "convolution", activation, weights }, [input]).values;
}

/** Turns places outside in: channels first, or last. */
function turned({ height, width, channels, values }, first) {
  const made = new Float32Array(values.length);
  const places = height * width;
  for (let place = 0; place < places; place++) {
    for (let channel = 0; channel < channels; channel++) {
      const [planar, mixed] = [channel * places + place, place * channels + channel];
      made[first ? planar : mixed] = values[first ? mixed : planar];
    }
  }
  return { height, width, channels, values: made };
}

/** What the page's workers do for one picture, one after the other. */
function latentOf(model, { levels, width, height }) {
  const shape = fileformat.latentShape({ width, height, ...model });
  const latent = tensor(shape.height, shape.width, shape.channels);
  for (const tile of codec.tilesOf(shape.width, shape.height, model.encoder.reach)) {
    const box = codec.pixelsOf(tile.outer, model.stride, { width, height });
    const part = pixels.cut(levels, width, box);
    const size = { width: box.right - box.left, height: box.bottom - box.top };
    paste(codec.encodeTile(model, { levels: part, ...size }, tile), latent, tile.inner);
  }
  return latent;
}

function imageOf(model, latent, size, how) {
  const weighted = network.weighted(model, latent, network.mapOf(model, latent), how);
  const levels = new Uint8Array(size.width * size.height);
  for (const tile of codec.tilesOf(latent.width, latent.height, model.decoder.reach)) {
    const part = codec.decodeTile(model, cropped(weighted, tile.outer), tile, size);
    pixels.paste(part, levels, size.width, codec.pixelsOf(tile.inner, model.stride, size));
  }
  return levels;
}

/** @type {Uint32Array[]} of `tables` */
let starts = [];

const QUESTIONS = {
  model: ({ list, numbers, way = "JavaScript" }) => {
    models.splice(0, models.length, readModel(list, numbers.buffer, WAYS[way]));
    return models[0].name;
  },
  exp: ({ values }) => values.map(exp),
  log1p: ({ values }) => values.map(log1p),
  convolved,
  compiled: ({ program }) => compiled(program) !== null,
  tables: ({ frequencies }) => {
    starts = [entropy.startsOf(frequencies)];
    return frequencies.length;
  },
  encode: ({ latent, shape }) => entropy.encode([latent], shape, starts),
  decode: ({ payload, shape }) => entropy.decode(payload, shape, starts)[0],
  unpack: ({ file }) => fileformat.unpack(file),
  pack: ({ header, payload }) => fileformat.pack(header, payload),
  read: ({ file }) => codec.read(models, file).steps,
  compress: ({ picture, step }) => {
    const latent = latentOf(models[0], picture);
    const units = codec.unitsOf(step);
    return codec.write(models[0], codec.quantise(latent.values, units), picture, units);
  },
  latent: ({ picture }) => turned(latentOf(models[0], picture), false),
  decompress: ({ file, how = "trained" }) => {
    const { header, steps } = codec.read(models, file);
    const latent = { ...fileformat.latentShape(header), values: codec.dequantise(steps, header.units) };
    return imageOf(models[0], latent, header, how);
  },
  map: ({ latent }) => turned(network.mapOf(models[0], turned(latent, true)), false),
  quantise: ({ latent, step }) => codec.quantise(latent, codec.unitsOf(step)),
  sha256: ({ data }) => sha256(data),
  png: ({ picture }) => encodePng(picture),
  grey: ({ rgba }) => {
    const levels = new Uint8Array(rgba.length / 4);
    pixels.toGrey(rgba, levels, 0);
    return levels;
  },
  psnr: ({ one, other }) => pixels.psnr(one, other),
  jpeg: ({ picture, quality }) => {
    const { width, height } = picture;
    const whole = jpeg.quantise(jpeg.coefficientsOf(picture), quality);
    return {
      file: jpeg.encodeJpeg(whole, width, height, quality),
      levels: jpeg.decodeJpeg(whole, width, height, quality),
    };
  },
  jpegOfBytes: ({ picture, bytes }) =>
    jpeg.jpegOfBytes(jpeg.coefficientsOf(picture), picture.width, picture.height, bytes),
  jpegOfPsnr: ({ picture, least }) => jpeg.jpegOfPsnr(jpeg.coefficientsOf(picture), picture, least),
  verdict: ({ session, jpegs }) => verdict(session, jpegs),
  finding: ({ coded }) => finding(coded),
  factors: ({ values }) => values.map(factor),
  commands: ({ opened, step, isPhotograph }) => commands(opened, step, isPhotograph),
  pooled: ({ failing, tasks }) => pooled(failing, tasks),
};

/**
 * What becomes of tasks in a pool of two workers that double numbers.
 *
 * @param {(string | null)[]} failing over what kind of task each worker breaks that is started, in order
 * @param {number[]} tasks given one after the other, each when something has become of the one before
 */
async function pooled(failing, tasks) {
  let begun = 0;
  const begin = () => {
    const broken = failing[begun++];
    const worker = { onmessage: null, onerror: null, terminate: () => {} };
    worker.postMessage = ({ id, task, told }) =>
      setTimeout(() => {
        if (task === broken) worker.onerror({ preventDefault: () => {}, message: `broken over ${task}` });
        else worker.onmessage({ data: { id, found: task === "start" || 2 * told } });
      });
    return worker;
  };
  const pool = new Pool(begin, {}, 2);
  const found = [];
  for (const told of tasks) {
    const late = new Promise((resolve) => setTimeout(() => resolve("no answer"), 500));
    found.push(await Promise.race([pool.run("double", told).catch(({ message }) => message), late]));
  }
  return { found, begun };
}

async function answer(line) {
  const [name, told] = JSON.parse(line);
  const start = performance.now();
  const took = () => ({ milliseconds: performance.now() - start });
  try {
    return { answer: sent(await QUESTIONS[name](received(told))), ...took() };
  } catch (error) {
    const kind = error instanceof CodecError ? "refused" : "broken";
    return { [kind]: kind === "refused" ? error.message : String(error.stack), ...took() };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
