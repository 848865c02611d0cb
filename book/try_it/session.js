// A photograph, or a compressed file, and what has been made of it. The latent is kept, so another step
// is answered without encoding anew; of all else only what belongs to the present step is.

import { pixelsOf, tilesOf, unitsOf } from "./codec.js";
import { latentShape } from "./fileformat.js";
import { cut, paste as pastePixels, psnr, rangeOf } from "./pixels.js";
import { cropped, paste, tensor } from "./tensors.js";

/** @typedef {import("./pixels.js").Picture} Picture */
/** @typedef {import("./tensors.js").Tensor} Tensor */
/** @typedef {(done: number, of: number) => void} Progress */

/**
 * @typedef {object} Coded
 * @property {import("./fileformat.js").Header} header
 * @property {Uint8Array} file
 * @property {Tensor} latent as the file has it
 * @property {{map: Tensor | null, least: number, greatest: number, mean: number} | null} attention
 * @property {Record<string, {levels: Uint8Array, psnr: number | null}>} decoded by what the attention does
 */

export class Session {
  /**
   * @param {import("./pool.js").Pool} pool
   * @param {import("./model.js").Model[]} models the first is the one that files are written with
   */
  constructor(pool, models) {
    this.pool = pool;
    this.models = models;
    this.model = models[0];
    /** @type {Picture | null} the original, if there is one */
    this.picture = null;
    /** @type {Tensor | null} before it is divided into steps */
    this.latent = null;
    /** @type {Coded | null} */
    this.coded = null;
    /** @type {Map<number, {units: number, bytes: number, psnr: number}>} */
    this.points = new Map();
  }

  get size() {
    const { width, height } = this.picture ?? this.coded.header;
    return { width, height };
  }

  /** @param {Picture} picture @param {Progress} progress */
  async openPicture(picture, progress) {
    this.pool.cancel();
    Object.assign(this, { picture, latent: null, coded: null });
    this.points.clear();
    const { model } = this;
    const shape = latentShape({ ...picture, ...model });
    const latent = tensor(shape.height, shape.width, shape.channels);
    const tiles = tilesOf(shape.width, shape.height, model.encoder.reach);
    await this.each(tiles, progress, async (tile) => {
      const box = pixelsOf(tile.outer, model.stride, picture);
      const levels = cut(picture.levels, picture.width, box);
      const part = { levels, width: box.right - box.left, height: box.bottom - box.top };
      const told = { number: model.number, part, tile };
      paste(await this.pool.run("encodeTile", told), latent, tile.inner);
    });
    this.latent = latent;
  }

  /** @param {Uint8Array} file @throws {import("./errors.js").CodecError} it is refused */
  async openFile(file) {
    this.pool.cancel();
    Object.assign(this, { picture: null, latent: null, coded: null });
    this.points.clear();
    const { header, latent } = await this.pool.run("read", { file });
    this.coded = { header, file, latent, attention: null, decoded: {} };
  }

  /** Writes the file with a step. @param {number} step */
  async choose(step) {
    this.coded = await this.written(step);
  }

  /** @param {number} step @returns {Promise<Coded>} */
  async written(step) {
    const { model, picture, latent } = this;
    const units = unitsOf(step);
    const image = { width: picture.width, height: picture.height };
    const told = { number: model.number, latent, image, units };
    const { file, latent: whole } = await this.pool.run("write", told);
    const { number, fingerprint, channels, stride } = model;
    const header = { model: number, fingerprint, ...image, units, channels, stride };
    return { header, file, latent: whole, attention: null, decoded: {} };
  }

  /**
   * Decodes, unless it is done already.
   *
   * @param {string} how one of ATTENTIONS @param {Progress} progress @param {Coded} [coded]
   */
  async decode(how, progress, coded = this.coded) {
    if (coded.decoded[how]) return coded.decoded[how];
    const { picture } = this;
    const { latent, header } = coded;
    const model = this.models.find(({ number }) => number === header.model);
    const told = { number: header.model, latent, how };
    const { map, weighted } = await this.pool.run("attend", told);
    if (map) coded.attention = { map, ...rangeOf(map.values) };
    const image = { width: header.width, height: header.height };
    const levels = new Uint8Array(image.width * image.height);
    await this.each(tilesOf(latent.width, latent.height, model.decoder.reach), progress, async (tile) => {
      const part = { latent: cropped(weighted, tile.outer), tile, image, number: header.model };
      const found = await this.pool.run("decodeTile", part);
      pastePixels(found, levels, image.width, pixelsOf(tile.inner, model.stride, image));
    });
    const found = { levels, psnr: picture && psnr(picture.levels, levels) };
    coded.decoded[how] = found;
    if (picture && how === "trained") {
      const { units } = header;
      this.points.set(units, { units, bytes: coded.file.length, psnr: found.psnr });
    }
    return found;
  }

  /** Measures a point of the photograph's own curve, unless it is there. @param {number} step */
  async measure(step) {
    if (!this.points.has(unitsOf(step))) await this.decode("trained", () => {}, await this.written(step));
  }

  /** @returns {Promise<{ofBytes: import("./jpeg.js").Jpeg | null, ofPsnr: import("./jpeg.js").Jpeg | null}>} */
  jpegs() {
    const { picture, coded } = this;
    const least = coded.decoded.trained.psnr;
    return this.pool.run("jpegs", { picture, bytes: coded.file.length, least });
  }

  /** @param {number[]} qualities @returns {Promise<{bytes: number, psnr: number}[]>} */
  jpegCurve(qualities) {
    return this.pool.run("jpegCurve", { picture: this.picture, qualities });
  }

  /** Does something with each tile, a few at a time, so that not all of them are copied at once. */
  async each(tiles, progress, act) {
    let [begun, done] = [0, 0];
    progress(0, tiles.length);
    const lane = async () => {
      while (begun < tiles.length) {
        await act(tiles[begun++]);
        progress(++done, tiles.length);
      }
    };
    const lanes = Math.min(2 * this.pool.members.length, tiles.length);
    await Promise.all(Array.from({ length: lanes }, lane));
  }
}
