// Lays the parts of a picture of the class `before-after` one over the other, with a slider between
// the first and another. Without JavaScript, and in print, they stay side by side. The alternative
// text begins with the names of the parts: "original | autoencoder | JPEG: what is seen".

function make(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function compare(picture) {
  const names = picture.alt.split(":")[0].split("|").map((name) => name.trim());
  const width = picture.naturalWidth / names.length;
  const box = make("div", "compare");
  box.style.maxWidth = `${width}px`;
  box.style.aspectRatio = `${width} / ${picture.naturalHeight}`;
  const layers = ["before", "after"].map((name) => make("span", name));
  const labels = ["before", "after"].map((name) => make("span", `name name-${name}`, names[0]));
  for (const layer of layers) {
    layer.style.backgroundImage = `url("${picture.currentSrc || picture.src}")`;
    layer.style.backgroundSize = `${names.length * 100}% 100%`;
  }
  const slider = make("input", "");
  Object.assign(slider, { type: "range", min: 0, max: 100, value: 50 });
  const move = () => box.style.setProperty("--place", `${slider.value}%`);
  const choose = (part) => {
    layers[1].style.backgroundPosition = `${(100 * part) / (names.length - 1)}% 0`;
    labels[1].textContent = names[part];
    slider.setAttribute("aria-label", `Share of ${names[0]} shown before ${names[part]}, in per cent`);
  };
  slider.addEventListener("input", move);
  move();
  choose(1);
  box.append(...layers, make("span", "edge"), ...labels, slider);
  picture.classList.add("compared");
  picture.after(box);
  if (names.length > 2) box.after(chooser(names, choose));
}

// Buttons for what the first part is compared with.
function chooser(names, choose) {
  const group = make("div", "compare-with");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", `Compare ${names[0]} with`);
  const buttons = names.slice(1).map((name, place) => {
    const button = make("button", "", name);
    button.type = "button";
    button.addEventListener("click", () => press(place));
    return button;
  });
  const press = (place) => {
    buttons.forEach((button, other) => button.setAttribute("aria-pressed", other === place));
    choose(place + 1);
  };
  press(0);
  group.append(...buttons);
  return group;
}

for (const picture of document.querySelectorAll("img.before-after")) {
  picture.decode().then(() => compare(picture));
}
