// Two pictures, one over the other, with a divider between them, enlarged and moved together: a blur
// can't be seen at a picture's full width. Over both, an attention map can be laid.

const LARGEST = 32;
const WHEEL = 1.2;
const KEY_STEP = 40;

export class Viewer {
  /** @param {HTMLElement} root has the parts that page.html gives it */
  constructor(root) {
    const part = (name) => /** @type {any} */ (root.querySelector(`.try-${name}`));
    this.frame = part("frame");
    this.panes = { left: part("left"), right: part("right"), map: part("map") };
    this.canvases = Object.values(this.panes).map((pane) => pane.querySelector("canvas"));
    this.edge = part("edge");
    this.divider = part("divider").querySelector("input");
    this.said = part("zoom-said");
    this.size = { width: 1, height: 1 };
    // How many pixels of the screen a pixel takes, and where the picture's corner is in the frame.
    Object.assign(this, { zoom: 1, x: 0, y: 0, fitted: true });
    this.listen(part("zoom-buttons"));
    this.divide();
    new ResizeObserver(() => (this.fitted ? this.fit() : this.place())).observe(this.frame);
  }

  /** @param {{width: number, height: number}} size of what is shown from now on */
  show(size) {
    const isOther = size.width !== this.size.width || size.height !== this.size.height;
    this.size = size;
    this.frame.style.aspectRatio = `${size.width} / ${size.height}`;
    this.frame.style.setProperty("--try-form", String(size.width / size.height));
    if (isOther) this.fit();
    else this.place();
  }

  listen(buttons) {
    this.divider.addEventListener("input", () => this.divide());
    const actions = {
      in: () => this.enlarge(2),
      out: () => this.enlarge(1 / 2),
      pixels: () => this.enlarge(1 / (this.zoom * devicePixelRatio)),
      fit: () => this.fit(),
    };
    for (const [name, act] of Object.entries(actions)) {
      buttons.querySelector(`[value=${name}]`).addEventListener("click", act);
    }
    this.frame.addEventListener("keydown", (event) => this.press(event, actions));
    this.frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.frame.addEventListener("pointerdown", (event) => this.drag(event));
    this.frame.addEventListener("dblclick", (event) => this.enlarge(2, event));
  }

  divide() {
    const share = Number(this.divider.value);
    this.divider.setAttribute("aria-valuetext", `${share} % of the width`);
    this.frame.style.setProperty("--try-place", `${share}%`);
  }

  get fitting() {
    const { clientWidth, clientHeight } = this.frame;
    return Math.min(clientWidth / this.size.width, clientHeight / this.size.height) || 1;
  }

  fit() {
    Object.assign(this, { zoom: this.fitting, x: 0, y: 0, fitted: true });
    this.place();
  }

  /** @param {number} times @param {{clientX: number, clientY: number}} [around] stays where it is */
  enlarge(times, around) {
    const box = this.frame.getBoundingClientRect();
    const [x, y] = around
      ? [around.clientX - box.left, around.clientY - box.top]
      : [box.width / 2, box.height / 2];
    const zoom = Math.min(LARGEST, Math.max(this.fitting, this.zoom * times));
    const real = zoom / this.zoom;
    this.zoom = zoom;
    this.fitted = zoom === this.fitting;
    this.x = x - (x - this.x) * real;
    this.y = y - (y - this.y) * real;
    this.place();
  }

  /** Keeps the picture over the whole frame, and shows it there. */
  place() {
    const { clientWidth, clientHeight } = this.frame;
    const kept = (at, picture, frame) => Math.min(0, Math.max(frame - picture, at));
    const { width, height } = this.size;
    this.x = kept(this.x, width * this.zoom, clientWidth);
    this.y = kept(this.y, height * this.zoom, clientHeight);
    for (const canvas of this.canvases) {
      Object.assign(canvas.style, {
        width: `${width * this.zoom}px`,
        height: `${height * this.zoom}px`,
        transform: `translate(${this.x}px, ${this.y}px)`,
      });
      canvas.classList.toggle("try-enlarged", this.zoom * devicePixelRatio > 1.5);
    }
    this.frame.classList.toggle("try-movable", !this.fitted);
    this.said.textContent = `${Math.round(100 * this.zoom * devicePixelRatio)} %`;
  }

  press(event, actions) {
    const moves = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const keys = { "+": actions.in, "=": actions.in, "-": actions.out, 0: actions.fit, 1: actions.pixels };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves && !this.fitted) {
      this.x += KEY_STEP * moves[event.key][0];
      this.y += KEY_STEP * moves[event.key][1];
      this.place();
    } else if (event.key in keys) {
      keys[event.key]();
    } else {
      return; // to the page, which may scroll
    }
    event.preventDefault();
  }

  /** With Ctrl, as a pinch on a touchpad comes; the wheel alone scrolls the page. */
  wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.enlarge(event.deltaY < 0 ? WHEEL : 1 / WHEEL, event);
  }

  /** Moves the divider where it is taken, or where there is nothing else to move; else the picture. */
  drag(event) {
    if (event.button !== 0) return;
    const isDivider = this.fitted || this.edge.contains(event.target);
    let [fromX, fromY] = [event.clientX, event.clientY];
    const move = (now) => {
      if (isDivider) {
        const box = this.frame.getBoundingClientRect();
        this.divider.value = (100 * (now.clientX - box.left)) / box.width;
        this.divide();
      } else {
        this.x += now.clientX - fromX;
        this.y += now.clientY - fromY;
        [fromX, fromY] = [now.clientX, now.clientY];
        this.place();
      }
    };
    const end = () => {
      this.frame.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) this.frame.removeEventListener(name, end);
    };
    this.frame.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.frame.addEventListener(name, end);
    this.frame.setPointerCapture(event.pointerId);
    if (isDivider) move(event);
  }
}
