// Shows what the points of a plot say where a reader points, taps or goes by keyboard, and the crop of
// an image at a point that is clicked. A plot's figure holds its points as JSON: their places are
// shares of the picture's width and height. Without JavaScript, and in print, the picture is all.

const REACH = 24; // pixels of the screen from the pointer to the nearest point, at most
const HINT = "Point at a curve, or tap it, for its numbers";
const KEYS = "left and right along a curve, up and down to another";

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

class Plot {
  constructor(picture, told) {
    this.picture = picture;
    this.told = told;
    this.curves = told.curves.map((curve) => curve.points);
    this.curve = 0;
    this.shown = null;
    this.box = element("span", "plot");
    this.mark = element("span", "plot-mark");
    this.label = element("span", "plot-label");
    this.slider = this.makeSlider();
    picture.replaceWith(this.box);
    this.box.append(picture, this.slider, this.mark, this.label);
    const crops = told.crops ? ", and click a point to see a photograph at that rate" : "";
    this.box.after(element("p", "plot-hint", `${HINT}${crops}.`));
    this.hide();
    this.box.addEventListener("pointermove", (event) => this.follow(event));
    this.box.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.hide();
    });
    // Before the click reaches the picture, which it would open large.
    this.box.addEventListener("click", (event) => this.click(event), { capture: true });
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.hide());
    document.addEventListener("pointerdown", (event) => {
      if (!this.box.contains(event.target)) this.hide();
    });
  }

  // One stop of the Tab key, which screen readers know how to move and to read.
  makeSlider() {
    const slider = element("input", "plot-slider");
    Object.assign(slider, { type: "range", min: 0, step: 1 });
    slider.setAttribute("aria-label", `Points of the plot: ${KEYS}`);
    slider.addEventListener("focus", () => this.go(this.curve, Number(slider.value)));
    slider.addEventListener("blur", () => this.hide());
    slider.addEventListener("input", () => this.go(this.curve, Number(slider.value)));
    slider.addEventListener("keydown", (event) => this.press(event));
    this.slider = slider;
    this.set(0, 0);
    return slider;
  }

  press(event) {
    const other = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (other) this.go((this.curve + other + this.curves.length) % this.curves.length, this.place);
    else if (event.key === "Enter" || event.key === " ") this.crop(this.curves[this.curve][this.place]);
    else return;
    event.preventDefault();
  }

  // Sets the slider to a point, or to the last one of a curve that has fewer.
  set(curve, place) {
    const points = this.curves[curve];
    this.curve = curve;
    this.place = Math.min(place, points.length - 1);
    this.slider.max = points.length - 1;
    this.slider.value = this.place;
    this.slider.setAttribute("aria-valuetext", points[this.place].text);
  }

  go(curve, place) {
    this.set(curve, place);
    this.show(this.curves[this.curve][this.place]);
  }

  show(point) {
    this.shown = point;
    this.label.textContent = point.text;
    for (const part of [this.mark, this.label]) part.hidden = false;
    const { width, height } = this.box.getBoundingClientRect();
    const [x, y] = [point.x * width, point.y * height];
    this.mark.style.left = `${x}px`;
    this.mark.style.top = `${y}px`;
    // Above the point or below it, and within the width of the picture.
    const { offsetWidth: wide, offsetHeight: high } = this.label;
    this.label.style.left = `${Math.max(0, Math.min(x - wide / 2, width - wide))}px`;
    this.label.style.top = `${y - high - 12 < 0 ? y + 12 : y - high - 12}px`;
    this.box.classList.toggle("plot-shows-crop", point.crop !== undefined);
  }

  hide() {
    this.shown = null;
    this.mark.hidden = true;
    this.label.hidden = true;
    this.box.classList.remove("plot-shows-crop");
  }

  // Returns curve and place of the point nearest to the pointer, if there is one near.
  nearest(event) {
    const box = this.picture.getBoundingClientRect();
    let best = null;
    let least = REACH;
    this.curves.forEach((points, curve) => {
      points.forEach((point, place) => {
        const x = box.left + point.x * box.width - event.clientX;
        const y = box.top + point.y * box.height - event.clientY;
        if (Math.hypot(x, y) < least) [best, least] = [[curve, place], Math.hypot(x, y)];
      });
    });
    return best;
  }

  follow(event) {
    if (event.pointerType !== "mouse") return; // a finger that moves scrolls the page
    const near = this.nearest(event);
    if (near) this.go(...near);
    else this.hide();
  }

  // A click near a point shows its crop. Where there is none to show, it is the picture's, which
  // opens large; but a finger, which hovers over nothing, sees first what the point says.
  click(event) {
    if (event.target !== this.picture) return;
    const near = this.nearest(event);
    if (!near) return this.hide();
    const before = this.shown;
    this.go(...near);
    const taken = this.crop(this.shown) || before !== this.shown;
    if (!taken) return this.hide();
    event.stopPropagation();
    event.preventDefault();
  }

  // Shows the crop of a point beneath the plot, beside the original's; says whether there is one.
  crop(point) {
    const sheet = this.told.crops && document.querySelector(`#${this.told.crops.figure} img`);
    if (!sheet || point.crop === undefined) return false;
    if (!this.crops) {
      this.crops = element("div", "plot-crops");
      this.crops.setAttribute("aria-live", "polite");
      this.box.nextElementSibling.after(this.crops);
    }
    const { side, crops } = this.told.crops;
    const cut = (crop) => {
      const figure = element("div", "plot-crop");
      const canvas = element("canvas", "");
      Object.assign(canvas, { width: side, height: side });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `Crop: ${crop.text}`);
      figure.append(canvas, element("p", "", crop.text));
      return [figure, canvas.getContext("2d"), crop];
    };
    const chosen = crops[point.crop];
    // Not each point has a crop of its own: another one of the curve stands in, and says so.
    const isOwn = point.text.startsWith(`${chosen.text.split(":")[0]}:`);
    const told = isOwn ? chosen : { ...chosen, text: `nearest crop: ${chosen.text}` };
    const cuts = [crops[0], told].map(cut);
    this.crops.replaceChildren(...cuts.map(([figure]) => figure));
    const whole = new Image();
    whole.src = sheet.src;
    whole.decode().then(() => {
      for (const [, context, { left, top }] of cuts) {
        context.drawImage(whole, left, top, side, side, 0, 0, side, side);
      }
    });
    return true;
  }
}

for (const script of document.querySelectorAll("figure > script.points")) {
  const picture = script.parentElement.querySelector("img");
  const told = JSON.parse(script.textContent);
  if (picture && told.curves.length) new Plot(picture, told);
}
