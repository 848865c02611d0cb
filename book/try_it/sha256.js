// SHA-256 (FIPS 180-4), for the fingerprint of a model. Browsers have it, but not on pages that were
// fetched without encryption.

const isPrime = (n) => {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return true;
};
const PRIMES = Array.from({ length: 312 }, (_, i) => i).filter((n) => n > 1 && isPrime(n));
/** The first 32 bits after the point. */
const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
const CONSTANTS = PRIMES.map((prime) => fraction(Math.cbrt(prime)));
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

const turned = (word, bits) => (word >>> bits) | (word << (32 - bits));

/** @param {Uint8Array} data @returns {Uint8Array} the digest, 32 bytes */
export function sha256(data) {
  const blocks = Math.ceil((data.length + 9) / 64);
  const padded = new Uint8Array(64 * blocks);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(64 * blocks - 8, Math.floor(data.length / 2 ** 29));
  view.setUint32(64 * blocks - 4, data.length * 8);

  const state = Int32Array.from(START);
  const words = new Int32Array(64);
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 64; i++) {
      words[i] = i < 16 ? view.getInt32(64 * block + 4 * i) : following(words, i);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const choice = (e & f) ^ (~e & g);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + CONSTANTS[i] + words[i]) | 0;
      const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + majority) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => digest.setInt32(4 * i, word));
  return new Uint8Array(digest.buffer);
}

function following(words, i) {
  const [near, far] = [words[i - 2], words[i - 15]];
  const small = turned(far, 7) ^ turned(far, 18) ^ (far >>> 3);
  const great = turned(near, 17) ^ turned(near, 19) ^ (near >>> 10);
  return (words[i - 16] + small + words[i - 7] + great) | 0;
}
