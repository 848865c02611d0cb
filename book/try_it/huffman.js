// Huffman codes for JPEG, made for the file at hand: annex K.2 of the standard (ITU-T T.81).

const LONGEST = 16;

/**
 * @typedef {object} Codes
 * @property {number[]} counts how many codes there are of each length from 1 to 16
 * @property {number[]} symbols in the order of their codes
 * @property {Int32Array} code of each symbol
 * @property {Uint8Array} length of each symbol's code, in bits
 */

/**
 * @param {Float64Array | number[]} frequencies of each of 256 symbols
 * @returns {Codes} none longer than 16 bits, and none of ones alone, which JPEG reserves
 */
export function codesFor(frequencies) {
  const sizes = sizesFor(frequencies);
  const counts = limited(sizes);
  const symbols = [...sizes.keys()]
    .filter((symbol) => symbol < 256 && sizes[symbol])
    .sort((one, other) => sizes[one] - sizes[other] || one - other);
  const codes = { counts, symbols, code: new Int32Array(256), length: new Uint8Array(256) };
  let [next, place] = [0, 0];
  for (let length = 1; length <= LONGEST; length++, next *= 2) {
    for (let i = 0; i < counts[length - 1]; i++) {
      codes.code[symbols[place]] = next++;
      codes.length[symbols[place++]] = length;
    }
  }
  return codes;
}

/** Joins the two rarest trees until one is left. A symbol more takes the code of ones alone. */
function sizesFor(frequencies) {
  const left = [...frequencies, 1];
  const sizes = left.map(() => 0);
  const chained = left.map(() => -1);
  const rarest = (except) => {
    let found = -1;
    left.forEach((frequency, i) => {
      if (frequency && i !== except && (found < 0 || frequency <= left[found])) found = i;
    });
    return found;
  };
  for (;;) {
    const one = rarest(-1);
    const other = rarest(one);
    if (other < 0) return sizes;
    left[one] += left[other];
    left[other] = 0;
    let last = one;
    for (sizes[last]++; chained[last] >= 0; sizes[last]++) last = chained[last];
    chained[last] = other;
    for (last = other, sizes[last]++; chained[last] >= 0; sizes[last]++) last = chained[last];
  }
}

/** Shortens codes above 16 bits, at the cost of others, and takes the one of ones alone away. */
function limited(sizes) {
  const counts = new Array(sizes.length + 1).fill(0);
  for (const size of sizes) if (size) counts[size]++;
  for (let length = counts.length - 1; length > LONGEST; length--) {
    while (counts[length]) {
      let shorter = length - 2;
      while (!counts[shorter]) shorter--;
      counts[length] -= 2;
      counts[length - 1]++;
      counts[shorter + 1] += 2;
      counts[shorter]--;
    }
  }
  let longest = LONGEST;
  while (!counts[longest]) longest--;
  counts[longest]--;
  return counts.slice(1, LONGEST + 1);
}
