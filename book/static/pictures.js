// Lays the two halves of a picture of the class `before-after` one over the other, with a slider
// between them. Without JavaScript, and in print, they stay side by side.

function layer(...classes) {
  const made = document.createElement("span");
  made.classList.add(...classes);
  return made;
}

function compare(picture) {
  const box = document.createElement("div");
  box.className = "compare";
  box.style.width = `${picture.naturalWidth / 2}px`;
  box.style.aspectRatio = `${picture.naturalWidth / 2} / ${picture.naturalHeight}`;
  const [before, after] = [layer("before"), layer("after")];
  for (const half of [before, after]) {
    half.style.backgroundImage = `url("${picture.currentSrc || picture.src}")`;
  }
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, max: 100, value: 50 });
  slider.setAttribute("aria-label", `How much of the first picture is shown, in per cent. ${picture.alt}`);
  const move = () => box.style.setProperty("--place", `${slider.value}%`);
  slider.addEventListener("input", move);
  move();
  const names = [layer("name", "name-before"), layer("name", "name-after")];
  names[0].textContent = "before";
  names[1].textContent = "after";
  box.append(before, after, layer("edge"), ...names, slider);
  picture.classList.add("compared");
  picture.after(box);
}

for (const picture of document.querySelectorAll("img.before-after")) {
  picture.decode().then(() => compare(picture));
}
