// Opens a picture large when it is clicked, or chosen by keyboard: a photograph pixel by pixel, a plot
// as it was drawn. Escape, a click or the button closes it.

const PIXELS = 3; // a photograph's pixel becomes a square of this many

function open(picture) {
  const dialog = document.createElement("dialog");
  dialog.className = "zoomed";
  dialog.setAttribute("aria-label", `Enlarged: ${picture.alt}`);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Close";
  const large = new Image();
  large.src = picture.currentSrc || picture.src;
  large.alt = picture.alt;
  large.className = picture.className;
  const times = picture.classList.contains("photograph") ? PIXELS : 1;
  large.style.width = `${times * picture.naturalWidth}px`;
  const frame = document.createElement("div");
  frame.tabIndex = 0; // so that the arrow keys move it
  frame.append(large);
  dialog.append(button, frame);
  dialog.addEventListener("click", () => dialog.close());
  // Sphinx's scripts keep Escape to themselves where no button has the focus.
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
  dialog.addEventListener("close", () => {
    dialog.remove();
    picture.focus();
  });
  document.querySelector(".bd-content").append(dialog);
  dialog.showModal();
}

for (const picture of document.querySelectorAll(".bd-article img:not(.before-after, .thumbnail)")) {
  picture.classList.add("zooms");
  picture.tabIndex = 0;
  picture.setAttribute("role", "button");
  picture.setAttribute("aria-label", `Enlarge: ${picture.alt}`);
  picture.addEventListener("click", (event) => {
    event.preventDefault(); // of a link to the picture's file
    open(picture);
  });
  picture.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open(picture);
  });
}
