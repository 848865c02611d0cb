// What the coder expects of a latent's next value: a prediction, and how far to trust it. The rules
// are those of the book's page "The file format"; src/reproduce/codec/contexts.py has them in NumPy.
//
//         NN
//     NW  N   NE
// WW  W   X

const BOUNDS = [
  4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896, 4096,
  5793, 8192, 11585, 16384,
];
const GREATEST = BOUNDS[BOUNDS.length - 1];
const PHASES = 8;

/** How many tables there are. */
export const CONTEXTS = (BOUNDS.length + 1) * PHASES;

// How many bounds are at most an energy: looked up, as it is asked for each value.
const CLASSES = Uint8Array.from({ length: GREATEST + 1 }, (_, energy) =>
  BOUNDS.filter((bound) => bound <= energy).length,
);

const [TOP, LEFT, RIGHT] = [2, 2, 1];

/** A latent that is being coded: the values that are known, and how wrong predictions were. */
export class Plane {
  /** @param {number} width @param {number} height in latent values, 1 or more */
  constructor(width, height) {
    this.width = width;
    this.stride = LEFT + width + RIGHT;
    const size = this.stride * (TOP + height);
    this.values = new Int32Array(size);
    this.errors = new Int32Array(size);
    /** The prediction of the place that was looked at last, in sixteenths of a step. */
    this.predicted = 0;
    /** The table of that place. */
    this.context = 0;
  }

  /**
   * Sets `predicted` and `context`. They are fields, since an object for each value would take
   * more time than all the rest.
   *
   * Values have 32 bits, so predictions have up to 37: doubles hold them exactly, and operators of
   * 32 bits would not.
   *
   * @param {number} x @param {number} y
   */
  look(x, y) {
    const { values, errors, stride } = this;
    const at = (y + TOP) * stride + x + LEFT;
    let w = values[at - 1];
    let n = values[at - stride];
    let nw = values[at - stride - 1];
    let ne = values[at - stride + 1];
    if (x === 0) w = n;
    if (y === 0) {
      n = nw = ne = w;
    } else {
      if (x === 0) nw = n;
      if (x === this.width - 1) ne = n;
    }
    const ww = x < 2 ? w : values[at - 2];
    const nn = y < 2 ? n : values[at - 2 * stride];

    const least = 16 * Math.min(w, n, ne);
    const greatest = 16 * Math.max(w, n, ne);
    const weighted = 11 * (w + n) - 5 * nw + 2 * ne - ww - 2 * nn;
    this.predicted = Math.max(least, Math.min(weighted, greatest));

    const wrong =
      2 * (errors[at - 1] + errors[at - stride]) + errors[at - stride - 1] + errors[at - stride + 1];
    const varied = Math.abs(w - nw) + Math.abs(n - nw) + Math.abs(n - ne);
    const energy = Math.min(wrong + 16 * varied, GREATEST);
    const phase = this.predicted - 16 * Math.floor(this.predicted / 16);
    this.context = CLASSES[energy] * PHASES + (phase >> 1);
  }

  /**
   * Makes a value known, and how wrong its prediction was.
   *
   * @param {number} x @param {number} y @param {number} value @param {number} predicted
   */
  set(x, y, value, predicted) {
    const at = (y + TOP) * this.stride + x + LEFT;
    this.values[at] = value;
    // Greater errors are of the last class, too.
    this.errors[at] = Math.min(Math.abs(16 * value - predicted), GREATEST);
  }
}

/**
 * Yields the waves of a latent in the order of the file: in wave t are the places with x + 2y = t,
 * of which the first and the last y are given.
 *
 * @param {number} width @param {number} height
 * @returns {Generator<{wave: number, first: number, last: number}>}
 */
export function* waves(width, height) {
  for (let wave = 0; wave < width + 2 * (height - 1); wave++) {
    const first = Math.max(0, (wave - width + 2) >> 1);
    const last = Math.min(height - 1, wave >> 1);
    if (first <= last) yield { wave, first, last }; // in a single column, every other wave has no place
  }
}
