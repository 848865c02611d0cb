// How files come to the page: by its button, as examples, dropped on it, or pasted.

import { element } from "./words.js";

/**
 * @param {HTMLElement} root
 * @param {{name: string, title: string, content: () => Uint8Array}[]} examples
 * @param {(file: File | undefined) => void} open
 */
export function listen(root, examples, open) {
  root.querySelector(".try-choose input").addEventListener("change", (event) => {
    const chosen = /** @type {HTMLInputElement} */ (event.target);
    open(chosen.files[0]);
    chosen.value = ""; // so that the same file can be chosen again
  });
  for (const { name, title, content } of examples) {
    const button = element("button", { type: "button", class: "try-button" }, title);
    button.addEventListener("click", () => open(new File([content()], name)));
    root.querySelector(".try-examples").append(button);
  }
  const over = (isOver) => root.classList.toggle("try-over", isOver);
  root.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  root.addEventListener("dragleave", () => over(false));
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    open(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", ({ clipboardData }) => open(clipboardData.files[0]));
}
