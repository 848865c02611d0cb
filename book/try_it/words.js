// Numbers as the book writes them.

/** @param {number} number @returns {string} thousands apart */
export const grouped = (number) => Math.round(number).toLocaleString("en-US");

/** @param {number | null} value in dB @returns {string} */
export function decibels(value) {
  if (value === null) return "–";
  return value === Infinity ? "∞" : value.toFixed(2).replace("-", "−");
}

/** @param {number} step @returns {string} 1/4, or 2; of what is no such fraction three digits */
export function stepName(step) {
  if (Number.isInteger(step)) return String(step);
  return Number.isInteger(1 / step) ? `1/${1 / step}` : String(Number(step.toPrecision(3)));
}

/** @param {number} times @returns {string} two digits that count */
export const factor = (times) => (times < 9.95 ? times.toFixed(1) : grouped(times));

/**
 * @param {string} tag @param {Record<string, string>} [attributes] @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
