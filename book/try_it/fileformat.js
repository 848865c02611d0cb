// The file around the payload, as the book's page "The file format" lists it. What is refused, and in
// which words, is as in src/reproduce/codec/fileformat.py. Payloads lie at no multiple of 4, and words
// are little-endian whatever the machine, so all goes through DataView.

import { CodecError } from "./errors.js";

export const STEP_UNIT = 65536;
export const SUFFIX = ".cae";
export const LONGEST_SIDE = 65535;
export const MOST_PIXELS = 2 ** 26;

const MAGIC = [0x89, 0x43, 0x41, 0x45];
const MOST_VALUES = 2 ** 26;
const LONGEST_PAYLOAD = 2 ** 27;
const LARGEST_UNITS = 2 ** 31;

/**
 * @typedef {object} Header
 * @property {number} model
 * @property {Uint8Array} fingerprint 8 bytes
 * @property {number} width in pixels
 * @property {number} height
 * @property {number} units the step, in units of 2^-16
 * @property {number} channels of the latent
 * @property {number} stride in pixels
 */

// What stands where in a header: name, first byte, bytes.
const START = [
  ["magic", 0, 4],
  ["version", 4, 1],
  ["model", 5, 1],
  ["fingerprint", 6, 8],
  ["width", 14, 2],
  ["height", 16, 2],
  ["step", 18, 4],
];
const LAYOUTS = {
  1: [...START, ["payload", 22, 4], ["checksum", 26, 4]],
  2: [...START, ["channels", 22, 1], ["stride", 23, 1], ["payload", 24, 4], ["checksum", 28, 4]],
};

/** @param {number} version @returns {[string, number, number][]} name, place and length of each field */
export const layoutOf = (version) => LAYOUTS[version === 2 ? 2 : 1];

/** @param {number} version @returns {number} bytes */
export const headerBytes = (version) => (version === 2 ? 32 : 30);

// First bytes of image files, for a message that says what a file is instead.
const IMAGES = [
  [[0x89, 0x50, 0x4e, 0x47], "a PNG image"],
  [[0xff, 0xd8, 0xff], "a JPEG image"],
  [[0x47, 0x49, 0x46, 0x38], "a GIF image"],
  [[0x42, 0x4d], "a BMP image"],
  [[0x49, 0x49, 0x2a, 0], "a TIFF image"],
  [[0x4d, 0x4d, 0, 0x2a], "a TIFF image"],
  [[0x52, 0x49, 0x46, 0x46], "a WebP image, or another RIFF file"],
];

const startsWith = (data, start) => start.every((byte, i) => data[i] === byte);

/** @param {Uint8Array} data @returns {boolean} whether a file says that it is a compressed image */
export const isCompressed = (data) => data.length >= MAGIC.length && startsWith(data, MAGIC);

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

/** @param {...Uint8Array} parts @returns {number} the CRC-32 of PNG and zip, of all parts together */
export function crc32(...parts) {
  let rest = -1;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) rest = CRC[(rest ^ part[i]) & 255] ^ (rest >>> 8);
  }
  return ~rest >>> 0;
}

const grouped = (number) => number.toLocaleString("en-US");

/** @param {number} width @param {number} height @throws {CodecError} an image of that size can't be coded */
export function checkSize(width, height) {
  const sides = [width, height].every((side) => 1 <= side && side <= LONGEST_SIDE);
  if (!sides || width * height > MOST_PIXELS) {
    throw new CodecError(
      `${width}x${height} pixels: the format holds sides from 1 to ${grouped(LONGEST_SIDE)} and at ` +
        `most ${grouped(MOST_PIXELS)} pixels in all`,
    );
  }
}

/** @param {Header} header @returns {import("./entropy.js").Shape} of the latent */
export const latentShape = ({ width, height, channels, stride }) => ({
  width: Math.ceil(width / stride),
  height: Math.ceil(height / stride),
  channels,
});

/** @param {Header} header @throws {CodecError} a field is out of its range */
function checkHeader(header) {
  checkSize(header.width, header.height);
  const { channels, stride, units } = header;
  if (channels < 1 || stride < 1) {
    throw new CodecError(
      `a latent of ${channels} channels with a stride of ${stride} pixels: out of range`,
    );
  }
  const { width, height } = latentShape(header);
  if (width * height * channels > MOST_VALUES) {
    throw new CodecError(
      `${header.width}x${header.height} pixels have more than ${grouped(MOST_VALUES)} latent values ` +
        `with ${channels} channels and a stride of ${stride}`,
    );
  }
  if (units < 1 || units > LARGEST_UNITS) {
    throw new CodecError(`a step of ${units} / 65536 is out of range`);
  }
}

/** @param {Header} header @param {Uint8Array} payload @returns {Uint8Array} a file */
export function pack(header, payload) {
  // Version 1 is of latents as the paper's model has them, and is written for these for ever.
  const version = header.channels === 1 && header.stride === 2 ? 1 : 2;
  const file = new Uint8Array(headerBytes(version) + payload.length);
  const view = new DataView(file.buffer);
  file.set([...MAGIC, version, header.model, ...header.fingerprint]);
  view.setUint16(14, header.width, true);
  view.setUint16(16, header.height, true);
  view.setUint32(18, header.units, true);
  if (version === 2) file.set([header.channels, header.stride], 22);
  const end = headerBytes(version) - 4;
  view.setUint32(end - 4, payload.length, true);
  view.setUint32(end, crc32(file.subarray(0, end), payload), true);
  file.set(payload, end + 4);
  return file;
}

/**
 * @param {Uint8Array} file
 * @returns {{header: Header, payload: Uint8Array}}
 * @throws {CodecError} it is no such file, or a damaged one
 */
export function unpack(file) {
  checkStart(file);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = headerBytes(file[4]) - 4;
  const payload = file.subarray(end + 4);
  if (view.getUint32(end, true) !== crc32(file.subarray(0, end), payload)) {
    throw new CodecError("damaged: the checksum does not agree");
  }
  const header = {
    model: file[5],
    fingerprint: file.slice(6, 14),
    width: view.getUint16(14, true),
    height: view.getUint16(16, true),
    units: view.getUint32(18, true),
    channels: file[4] === 2 ? file[22] : 1,
    stride: file[4] === 2 ? file[23] : 2,
  };
  checkHeader(header);
  return { header, payload };
}

/** @param {Uint8Array} file @throws {CodecError} what can be told without reading all of it is wrong */
function checkStart(file) {
  if (!file.length) throw new CodecError("the file is empty");
  if (!startsWith(file, MAGIC.slice(0, file.length))) {
    const [, kind] = IMAGES.find(([start]) => startsWith(file, start)) ?? [];
    const looks = kind ? `; it looks like ${kind}` : "";
    throw new CodecError(`no compressed image: it does not begin with b'\\x89CAE'${looks}`);
  }
  const version = file[4];
  if (file.length > MAGIC.length && version !== 1 && version !== 2) {
    throw new CodecError(
      `of version ${version} of the format; this is a reader of versions 1 and 2`,
    );
  }
  const start = headerBytes(version);
  if (file.length < start) {
    throw new CodecError(`truncated: ${file.length} bytes, and the header has ${start}`);
  }
  const length = new DataView(file.buffer, file.byteOffset).getUint32(start - 8, true);
  const follow = file.length - start;
  if (follow !== length) {
    const word = follow < length ? "truncated" : "damaged";
    throw new CodecError(`${word}: a payload of ${follow} bytes, and the header says ${length}`);
  }
  if (length > LONGEST_PAYLOAD) {
    throw new CodecError(`a payload of ${length} bytes, and no image takes more than 2^27`);
  }
}
