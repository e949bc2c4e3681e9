// Where one looks: drag, pinch, wheel with Ctrl or Cmd (a bare wheel belongs to the page), and a small map.

import { svg } from "./dom";

export class Camera {
  scale = 1;
  x = 0;
  y = 0;
  private size: [number, number] = [1, 1];
  private wide = 0; // of the stage: measured when that changes, since asking in the middle of a step costs a layout
  private tall = 0;
  private readonly all = svg("path", { class: "all" });
  private readonly view = svg("rect", { class: "view", rx: 2 });
  private readonly here = svg("rect", { class: "here" });
  readonly map = svg("svg", { class: "map", "aria-hidden": "true" }, this.all, this.here, this.view);
  dragged = false;
  fresh = false; // nobody has moved it since it was fitted

  constructor(readonly stage: SVGSVGElement, private world: SVGGElement, private readonly reveal: (left: number, top: number, right: number, bottom: number) => void) {
    const held = new Map<number, [number, number]>();
    stage.addEventListener("pointerdown", (event) => {
      if (event.button === 0) held.set(event.pointerId, [event.clientX, event.clientY]);
      this.dragged = false;
    });
    stage.addEventListener("pointermove", (event) => {
      const from = held.get(event.pointerId);
      if (!from) return;
      const dx = event.clientX - from[0];
      const dy = event.clientY - from[1];
      if (!this.dragged && Math.abs(dx) + Math.abs(dy) < 4) return;
      if (!this.dragged) stage.setPointerCapture(event.pointerId);
      this.dragged = true;
      stage.classList.add("dragging");
      const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const before = Math.hypot(from[0] - other[0], from[1] - other[1]) || 1;
        const after = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
        const box = stage.getBoundingClientRect();
        this.zoom(after / before, (event.clientX + other[0]) / 2 - box.left, (event.clientY + other[1]) / 2 - box.top);
      } else this.move(this.x + dx, this.y + dy);
      held.set(event.pointerId, [event.clientX, event.clientY]);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"] as const) {
      stage.addEventListener(end, (event) => {
        held.delete(event.pointerId);
        stage.classList.remove("dragging");
      });
    }
    stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = stage.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY * 0.002), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    const jump = (event: PointerEvent): void => {
      if (!(event.buttons & 1)) return;
      const box = this.map.getBoundingClientRect();
      const wx = ((event.clientX - box.left) / box.width) * this.size[0];
      const wy = ((event.clientY - box.top) / box.height) * this.size[1];
      this.move(this.wide / 2 - wx * this.scale, this.tall / 2 - wy * this.scale);
    };
    this.map.addEventListener("pointerdown", jump);
    this.map.addEventListener("pointermove", jump);
    new ResizeObserver(() => {
      if (this.fresh) this.begin();
      else {
        this.measure();
        this.move(this.x, this.y);
      }
    }).observe(stage);
  }

  private measure(): void {
    const { width, height } = this.stage.getBoundingClientRect();
    [this.wide, this.tall] = [width, height];
  }

  /** A new drawing, its size, and the places of its boxes for the map. */
  look(world: SVGGElement, size: [number, number], places: [number, number, number, number][]): void {
    this.world.replaceWith(world);
    this.world = world;
    this.size = size;
    const by = Math.min(180 / size[0], 100 / size[1]);
    const wide = Math.max(size[0] * by, 40);
    const tall = Math.max(size[1] * by, 12);
    this.map.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
    this.map.setAttribute("preserveAspectRatio", "none");
    this.map.setAttribute("width", String(wide));
    this.map.setAttribute("height", String(tall));
    this.all.setAttribute("d", places.map(([x, y, w, h]) => `M${Math.round(x)} ${Math.round(y)}h${w}v${h}h-${w}z`).join(""));
    this.view.setAttribute("vector-effect", "non-scaling-stroke");
  }

  whole(): void {
    if (!this.wide || !this.tall) return;
    this.scale = Math.min(Math.max(Math.min((this.wide - 24) / this.size[0], (this.tall - 24) / this.size[1]), 0.02), 1.35);
    this.move((this.wide - this.size[0] * this.scale) / 2, (this.tall - this.size[1] * this.scale) / 2);
  }

  /** The whole drawing where it can be read at that size, else a readable part of it. */
  begin(): void {
    this.measure();
    this.whole();
    if (this.scale < 0.62) {
      this.scale = 0.85;
      this.move(0, (this.tall - this.size[1] * this.scale) / 2);
    }
    this.fresh = true;
  }

  zoom(by: number, px?: number, py?: number): void {
    const cx = px ?? this.wide / 2;
    const cy = py ?? this.tall / 2;
    const scale = Math.min(Math.max(this.scale * by, 0.02), 3);
    const x = cx - ((cx - this.x) * scale) / this.scale;
    const y = cy - ((cy - this.y) * scale) / this.scale;
    this.scale = scale;
    this.move(x, y);
  }

  /** Bring a place into view, if it is not comfortably there already: with what leads to it, and no empty room. */
  follow([x, y, w, h]: [number, number, number, number]): void {
    if (!this.wide) return;
    const along = (at: number, long: number, shift: number, room: number, whole: number): number => {
      const near = at * this.scale + shift;
      const far = near + long * this.scale;
      if (near >= 12 && far <= room - 12) return shift;
      const wanted = room / 2 - (at + long / 2) * this.scale;
      return whole * this.scale <= room ? (room - whole * this.scale) / 2 : Math.min(Math.max(wanted, room - whole * this.scale), 0);
    };
    const nx = along(x, w, this.x, this.wide, this.size[0]);
    const ny = along(y, h, this.y, this.tall, this.size[1]);
    if (nx !== this.x || ny !== this.y) this.move(nx, ny);
  }

  /** Show on the map where the current value stands. */
  point([x, y, w, h]: [number, number, number, number]): void {
    const wide = Math.max(w, this.size[0] / 60);
    for (const [name, v] of [["x", x + (w - wide) / 2], ["y", y], ["width", wide], ["height", h]] as const) this.here.setAttribute(name, String(v));
  }

  /** How much fits, in the measure of the drawing. */
  get room(): [number, number] {
    return [(this.wide - 32) / this.scale, (this.tall - 32) / this.scale];
  }

  move(x: number, y: number): void {
    const [w, h] = [this.size[0] * this.scale, this.size[1] * this.scale];
    const keep = 80; // never lose the drawing
    this.fresh = false;
    this.x = Math.min(Math.max(x, keep - w), this.wide - keep);
    this.y = Math.min(Math.max(y, keep - h), this.tall - keep);
    this.world.setAttribute("transform", `translate(${this.x.toFixed(2)} ${this.y.toFixed(2)}) scale(${this.scale.toFixed(4)})`);
    this.stage.classList.toggle("far", this.scale < 0.5);
    this.stage.classList.toggle("tiny", this.scale < 0.22);
    const [left, top] = [-this.x / this.scale, -this.y / this.scale];
    const [right, bottom] = [left + this.wide / this.scale, top + this.tall / this.scale];
    const fits = left <= 1 && top <= 1 && right >= this.size[0] - 1 && bottom >= this.size[1] - 1;
    this.reveal(left, top, right, bottom);
    this.map.style.display = fits ? "none" : "";
    if (fits) return;
    const clamp = (v: number, most: number): number => Math.min(Math.max(v, 0), most);
    const [a, b, c, d] = [clamp(left, this.size[0]), clamp(top, this.size[1]), clamp(right, this.size[0]), clamp(bottom, this.size[1])];
    for (const [name, v] of [["x", a], ["y", b], ["width", Math.max(c - a, 1)], ["height", Math.max(d - b, 1)]] as const) this.view.setAttribute(name, v.toFixed(1));
  }
}
