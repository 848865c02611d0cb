// Lays the parts of a picture of the class `before-after` one over the other, with a slider between
// the first and another. Without JavaScript, and in print, they stay side by side. The alternative
// text begins with the names of the parts: "original | autoencoder | JPEG: what is seen".
//
// Lays a photograph of the page over what a picture shows in false colours, with an opacity that a
// slider sets. The picture's figure holds as JSON which photographs these are, and where they lie, as
// shares of the picture's width and height. Without JavaScript, and in print, the picture is all.

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
  const others = names.slice(1);
  if (others.length > 1) {
    box.after(chooser(`Compare ${names[0]} with`, others, (place) => choose(place + 1)));
  }
}

// Buttons of which one is pressed: a choice among names, by their places.
function chooser(label, names, choose) {
  const group = make("div", "compare-with");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", label);
  const buttons = names.map((name, place) => {
    const button = make("button", "", name);
    button.type = "button";
    button.addEventListener("click", () => press(place));
    return button;
  });
  const press = (place) => {
    buttons.forEach((button, other) => button.setAttribute("aria-pressed", other === place));
    choose(place);
  };
  press(0);
  group.append(...buttons);
  return group;
}

function overlay(script) {
  const { what, over, box } = JSON.parse(script.textContent);
  const picture = script.parentElement.querySelector("img");
  const frame = make("span", "laid-over");
  const photograph = make("span", "photograph-over");
  ["left", "top", "width", "height"].forEach((side, place) => {
    photograph.style[side] = `${100 * box[place]}%`;
  });
  picture.replaceWith(frame);
  frame.append(picture, photograph);
  const label = make("label", "opacity");
  const said = make("span", "");
  const slider = make("input", "");
  Object.assign(slider, { type: "range", min: 0, max: 100, value: 100 });
  const move = () => {
    photograph.style.opacity = 1 - slider.value / 100;
    slider.setAttribute("aria-valuetext", `${slider.value} %`);
  };
  slider.addEventListener("input", move);
  move();
  label.append(said, slider);
  const names = Object.keys(over);
  const choose = (place) => {
    const shown = document.querySelector(`#${over[names[place]]} img`);
    photograph.style.backgroundImage = `url("${shown.src}")`;
    said.textContent = `Opacity of the ${what} over the ${names[place]}`;
  };
  frame.after(label, chooser(`Lay the ${what} over`, names, choose));
}

for (const script of document.querySelectorAll("script.overlay")) overlay(script);

for (const picture of document.querySelectorAll("img.before-after")) {
  picture.decode().then(() => compare(picture));
}
