// Residuals as tokens, of which there are few, and raw bits, which any integer may need: what
// src/reproduce/codec/tokens.py says at its head. A residual r becomes u = 2r, or -2r - 1 if it is
// negative. As u can have 34 bits, nothing here may use operators of 32 bits before that is excluded.

export const TOKENS = 61;
/** Tokens below this are u themselves. */
export const DIRECT = 32;
/** After this token, all bits of u follow raw, in two halves of 17. */
export const ESCAPE = 60;
export const HALF = 17;

const FIRST_ESCAPED = 4096;

/**
 * @param {number} residual an integer from -2^33 to below 2^33
 * @returns {number} u, from 0 to below 2^34
 */
export const toUnsigned = (residual) => (residual >= 0 ? 2 * residual : -2 * residual - 1);

/** @param {number} u @returns {number} the residual */
export const toResidual = (u) => (u % 2 === 0 ? u / 2 : -(u + 1) / 2);

/** @param {number} u @returns {number} the token that stands for it */
export function tokenOf(u) {
  if (u < DIRECT) return u;
  if (u >= FIRST_ESCAPED) return ESCAPE;
  const exponent = 31 - Math.clz32(u); // 2^exponent is its first binary digit
  return DIRECT + 4 * (exponent - 5) + ((u >> (exponent - 2)) & 3);
}

/** @param {number} token one with raw bits, but no escape @returns {number} how many raw bits it has */
export const rawBits = (token) => ((token - DIRECT) >> 2) + 3;

/** @param {number} token as above @returns {number} the least u that it stands for */
export const leastOf = (token) => (4 + ((token - DIRECT) & 3)) * 2 ** rawBits(token);
