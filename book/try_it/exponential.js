// exp and log(1 + x) by additions, multiplications and divisions alone, which every engine rounds in the
// same way: Math.exp and Math.log1p may differ in the last digit from one engine to the next.

const LOG_2_HIGH = 0.693147180369123816490; // the upper bits of log 2, so that a multiple of it is exact
const LOG_2_LOW = 1.90821492927058770002e-10; // the rest
const LEAST = -745.2; // below, exp is 0 in double precision
const GREATEST = 709.8; // above, infinite

/** 1/1 to 1/14: of the series for exp, which ends where what follows is below the last digit. */
const SHARES = Float64Array.from({ length: 14 }, (_, n) => 1 / (n + 1));

/** Powers of two from 2^-1075 to 2^1024, of which the first is 0 and the last infinite. */
const POWERS = (() => {
  const powers = new Float64Array(1075 + 1024 + 1).fill(1);
  for (let n = 1075 - 1; n >= 0; n--) powers[n] = powers[n + 1] / 2;
  for (let n = 1075 + 1; n < powers.length; n++) powers[n] = powers[n - 1] * 2;
  return powers;
})();

/** @param {number} x @returns {number} e to that power, within two units of the last digit where it is no subnormal number */
export function exp(x) {
  if (x < LEAST) return 0;
  if (x > GREATEST) return Infinity;
  const twos = Math.floor(x / Math.LN2 + 0.5);
  const rest = x - twos * LOG_2_HIGH - twos * LOG_2_LOW; // within half of log 2
  let sum = 1;
  for (let n = SHARES.length - 1; n >= 0; n--) sum = 1 + rest * SHARES[n] * sum;
  // In two steps: 2^1024 is too large, though what it is multiplied with may be below one.
  return twos > 1023 ? sum * 2 * POWERS[1075 + twos - 1] : sum * POWERS[1075 + twos];
}

/** @param {number} x from 0 to 1 @returns {number} the logarithm of 1 + x, by the series of the inverse hyperbolic tangent */
export function log1p(x) {
  const ratio = x / (2 + x);
  const square = ratio * ratio; // at most 1/9
  let sum = 0;
  for (let n = 35; n >= 1; n -= 2) sum = 1 / n + square * sum;
  return 2 * ratio * sum;
}
