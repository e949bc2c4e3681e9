// The drawing: boxes, trunks, branches and what is written on them. It is built once for a set of open groups; a step
// only changes the classes and texts of what became different. A trunk is drawn once for all its readers, because the
// long path of every single edge would cost a hundred times as much to paint; and what is out of sight is not made
// before it comes into view, so that a step costs what one can see and not what there is.

import { boxesOf, type Box, type Boxes, type Bundle } from "./boxes";
import { fit, svg, textWidth } from "./dom";
import { layout, type Branch, type Layout } from "./layout";
import { heat } from "./picture";
import type { Play, State } from "./play";
import { brief, isArray, spoken, toNumber, digits, type Trace, type Value } from "./trace";

export const WIDTH = 156;
const HEAD = 27;
const LOW = 60;
const TALL = 104;

interface BoxView { g: SVGGElement; flow: SVGTextElement | SVGPathElement | null; seen: boolean; sign: string; flowText: string; label: string }
interface LinkView { parts: SVGElement[]; path: SVGPathElement; head: SVGPathElement; label: SVGGElement | null; seen: boolean; drawn: string }
interface TrunkView { path: SVGPathElement | null; tail: SVGPathElement; bundles: number[]; sign: string }

const HALF = WIDTH / 2;

export class Scene {
  readonly world = svg("g", { class: "world" });
  readonly graph: Boxes;
  readonly plan: Layout;
  private readonly tall: number[];
  private readonly views: BoxView[] = [];
  private readonly links: (LinkView | null)[] = [];
  private readonly signs: string[] = []; // of each link
  private readonly trunks: TrunkView[] = [];
  private readonly current = svg("g", { class: "current", "aria-hidden": "true" });
  private readonly ring = svg("rect", { class: "ring", rx: 13, "aria-hidden": "true" });
  private readonly lines = svg("g", { class: "lines", "aria-hidden": "true" });
  private readonly labels = svg("g", { class: "labels", "aria-hidden": "true" });
  private last: State | null = null;
  private window: [number, number, number, number] = [0, 0, -1, -1];

  constructor(readonly trace: Trace, readonly play: Play, open: ReadonlySet<number>) {
    this.graph = boxesOf(trace, open);
    const { boxes, bundles } = this.graph;
    this.tall = boxes.map((box) => (box.node >= 0 && pictured(trace.nodes[box.node].value) ? TALL : LOW));
    this.plan = layout(this.tall.map((h) => [WIDTH, h] as const), bundles.map((b) => [b.from, b.to] as const));
    this.plan.trunks.forEach((trunk) => {
      const x = this.plan.x[trunk.source] + HALF;
      const y = this.plan.y[trunk.source];
      let d = `M${x} ${r(y)}`;
      let px = x;
      let py = y;
      for (const [left, right, at] of trunk.spans) {
        const middle = r((px + left) / 2);
        d += py === at ? "" : `H${px}C${middle} ${r(py)} ${middle} ${r(at)} ${left} ${r(at)}`;
        px = right;
        py = at;
      }
      const path = trunk.spans.length ? svg("path", { class: "line", d: `${d}H${px}` }) : null;
      const tail = svg("path", { class: "arrow off", d: `M${x} ${r(y)}l9 -5v10z` });
      if (path) this.lines.append(path);
      this.trunks.push({ path, tail, bundles: [], sign: "" });
    });
    this.plan.branches.forEach((branch, i) => {
      this.trunks[branch.trunk].bundles.push(i);
      this.links.push(null);
      this.signs.push("idle");
    });
    for (const trunk of this.trunks) this.lines.append(trunk.tail);
    const cards = svg("g", { class: "boxes", role: "list", "aria-label": "Values in order of computation" });
    boxes.forEach((_, i) => {
      const [x, y] = this.place(i);
      const g = svg("g", { class: "box", transform: `translate(${r(x)} ${r(y)})`, role: "listitem", tabindex: -1, "data-box": i });
      g.style.display = "none";
      this.views.push({ g, flow: null, seen: false, sign: "", flowText: "", label: "" });
      cards.append(g);
    });
    this.ring.style.display = "none";
    this.world.append(this.lines, this.labels, cards, this.ring, this.current);
  }

  /** Make what lies between these corners, and hide the rest. In steps of a tile: small movements change nothing. */
  reveal(left: number, top: number, right: number, bottom: number): void {
    const tile = 600;
    const w = [Math.floor(left / tile) * tile - tile, Math.floor(top / tile) * tile - tile, Math.ceil(right / tile) * tile + tile, Math.ceil(bottom / tile) * tile + tile] as const;
    if (w.every((v, i) => v === this.window[i])) return;
    this.window = [...w];
    this.views.forEach((view, i) => {
      const [x, y, wide, tall] = this.place(i);
      const seen = x + wide > w[0] && x < w[2] && y + tall > w[1] && y < w[3];
      if (seen === view.seen) return;
      view.seen = seen;
      view.g.style.display = seen ? "" : "none";
      if (seen && !view.flow) this.box(this.graph.boxes[i], i, view);
      if (seen && this.last) this.showBox(i, this.last);
    });
    this.plan.branches.forEach((branch, i) => {
      const seen = branch.x1 > w[0] && branch.x0 < w[2] && Math.max(branch.y0, branch.y1) > w[1] && Math.min(branch.y0, branch.y1) < w[3];
      if (seen === (this.links[i]?.seen ?? false)) return;
      const link = (this.links[i] ??= this.link(i));
      link.seen = seen;
      for (const part of link.parts) part.style.display = seen ? "" : "none";
      if (seen) this.showLink(i);
    });
  }

  private link(i: number): LinkView {
    const branch = this.plan.branches[i];
    const bundle = this.graph.bundles[i];
    const path = svg("path", { class: "line", d: curve(branch) });
    const head = svg("path", { class: "arrow", d: branch.back ? `M${r(branch.x0)} ${r(branch.y0)}l9 -5v10z` : `M${r(branch.x1)} ${r(branch.y1)}l-9 -5v10z` });
    this.lines.append(path, head);
    const label = this.arrivals(bundle.to) > 4 ? null : this.label(bundle, branch);
    if (label) this.labels.append(label);
    return { parts: label ? [path, head, label] : [path, head], path, head, label, seen: false, drawn: "" };
  }

  private readonly arriving = new Map<number, number>();
  private arrivals(box: number): number {
    if (!this.arriving.size) for (const b of this.graph.bundles) this.arriving.set(b.to, (this.arriving.get(b.to) ?? 0) + 1);
    return this.arriving.get(box) ?? 0;
  }

  get size(): [number, number] {
    return [this.plan.width, this.plan.height];
  }

  /** Left, top, width and height of a box. */
  place(box: number): [number, number, number, number] {
    return [this.plan.x[box] - HALF, this.plan.y[box] - this.tall[box] / 2, WIDTH, this.tall[box]];
  }

  element(box: number): SVGGElement {
    return this.views[box].g;
  }

  private label(bundle: Bundle, branch: Branch): SVGGElement {
    const edge = this.trace.edges[bundle.edges[0]];
    const many = bundle.edges.length > 1;
    const upper = many ? `\u00d7${bundle.edges.length}` : partialText(edge.partial, edge.expr);
    const flowing = many ? this.bundleFlow(bundle) : isArray(edge.contrib) ? "" : brief(edge.contrib);
    const g = svg("g", { class: "label", transform: `translate(${r(branch.label[0])} ${r(branch.label[1])})` });
    const plate = (text: string, height: number, name: string): SVGRectElement => {
      const wide = text.length * 6.3 + 10;
      return svg("rect", { class: `plate ${name}`, x: r(-wide / 2), y: -height / 2, width: r(wide), height, rx: 5 });
    };
    g.append(plate(upper, 16, "one"), plate(upper.length > flowing.length ? upper : flowing, flowing ? 31 : 16, "two"), svg("text", { class: "partial one", y: 4 }, upper), svg("text", { class: "partial two", y: flowing ? -3.5 : 4 }, upper));
    if (flowing) g.append(svg("text", { class: "flow", y: 13 }, flowing));
    return g;
  }

  private bundleFlow(bundle: Bundle): string {
    const edges = bundle.edges.map((k) => this.trace.edges[k]);
    const goal = (k: number): number => (this.trace.mode === "reverse" ? this.trace.edges[k].from : this.trace.edges[k].to);
    if (edges.some((e) => e.contrib === undefined || isArray(e.contrib)) || bundle.edges.some((k) => goal(k) !== goal(bundle.edges[0]))) return "";
    return digits(edges.reduce((sum, e) => sum + toNumber(e.contrib as number), 0));
  }

  private box(box: Box, index: number, view: BoxView): void {
    const [, , w, h] = this.place(index);
    const g = view.g;
    const value = svg("text", { class: "value", x: 11, y: 49 });
    const flow = svg("text", { class: "flow", x: w - 11, y: 49 });
    view.flow = flow;
    if (box.node >= 0) {
      const node = this.trace.nodes[box.node];
      if (node.input) g.classList.add("input");
      if (node.output) g.classList.add("output");
      if (node.dead) g.classList.add("dead");
      const title = node.named ? node.name : node.text;
      const side = node.input ? "input" : node.named ? node.text : node.name;
      const beside = Math.min(textWidth(side), 4.4);
      const main = fit(title, (w - 30 - beside * 11.5) / 13.9);
      const rest = (w - 30 - textWidth(main) * 13.9) / 11.5;
      g.append(
        svg("path", { class: "card", d: card(w, h, node.input ? HEAD / 2 + 6 : 10) }),
        svg("path", { class: "cell left", d: `M1 ${HEAD}H${w / 2}V${h - 1}H10a9 9 0 0 1 -9 -9z` }),
        svg("path", { class: "cell right", d: `M${w / 2} ${HEAD}H${w - 1}V${h - 10}a9 9 0 0 1 -9 9H${w / 2}z` }),
        svg("path", { class: "rule", d: `M0 ${HEAD}H${w}M${w / 2} ${HEAD}V${h}` }),
        svg("text", { class: "title", x: 11, y: 18 }, main),
      );
      if (rest > 1.4) g.append(svg("text", { class: "side", x: w - 11, y: 18 }, fit(side, rest)));
      value.textContent = brief(node.value);
      if (value.textContent.length > 8) value.classList.add("long");
      g.append(value, flow);
      if (h === TALL) {
        const picture = svg("g", { class: "pictures" });
        for (const [role, left, content] of [["value", 11, node.value], ["flow", w / 2 + 8, node.final]] as const) {
          const data = isArray(content) ? heat(content, role) : null;
          if (data) picture.append(svg("image", { class: role, href: data, x: left, y: 57, width: w / 2 - 19, height: 38, preserveAspectRatio: "none" }));
        }
        g.append(picture);
      }
    } else {
      const group = this.trace.groups[box.group];
      g.classList.add("group");
      const done = (view.flow = svg("path", { class: "bar done", d: "" }));
      value.setAttribute("x", String(w / 2));
      g.append(
        svg("path", { class: "card under", d: card(w, h, 10), transform: "translate(5 5)" }),
        svg("path", { class: "card", d: card(w, h, 10) }),
        svg("path", { class: "bar all", d: `M12 ${h - 10}H${w - 12}` }),
        done,
        svg("text", { class: "title middle", x: w / 2, y: 20 }, fit(group.label, 10.6)),
      );
      value.setAttribute("y", "38");
      value.setAttribute("class", "count");
      value.textContent = `${box.members.length} values`;
      g.append(value);
    }
  }

  /** Bring the drawing to a state; only what is in view and differs is touched. */
  show(s: State): void {
    this.last = s;
    this.views.forEach((view, i) => { if (view.seen || view.sign.endsWith("now")) this.showBox(i, s); });
    const on = s.edge >= 0 ? this.graph.bundleOf[s.edge] : -1;
    this.graph.bundles.forEach((bundle, i) => {
      let ready = false;
      let flowed = false;
      for (const k of bundle.edges) {
        if (s.valued[this.trace.edges[k].to]) ready = true;
        if (s.flowed[k]) flowed = true;
      }
      this.signs[i] = (flowed ? "flowed" : ready ? "ready" : "idle") + (i === on ? " now" : "");
      if (this.links[i]?.seen) this.showLink(i);
    });
    for (const trunk of this.trunks) {
      let best = "idle";
      let current = false;
      for (const i of trunk.bundles) {
        const sign = this.signs[i];
        if (sign.startsWith("flowed")) best = "flowed";
        else if (sign.startsWith("ready") && best === "idle") best = "ready";
        if (i === on) current = true;
      }
      const sign = best + (current ? " now" : "");
      if (sign === trunk.sign) continue;
      trunk.sign = sign;
      trunk.path?.setAttribute("class", `line ${sign} trunk`);
      trunk.tail.setAttribute("class", `arrow ${sign}${best === "flowed" && this.trace.mode === "reverse" ? "" : " off"}`);
    }
    this.showCurrent(s, on);
  }

  private showBox(i: number, s: State): void {
    const box = this.graph.boxes[i];
    const view = this.views[i];
    let sign: string;
    if (box.node >= 0) {
      const n = box.node;
      const got = s.seeded[n] || s.part[n] ? (s.whole[n] ? " whole" : " some") : "";
      sign = (s.valued[n] ? " on" : " waiting") + got;
      const soFar = got ? this.play.soFar(s, n) : undefined;
      const text = got ? brief(soFar) + (s.whole[n] || isArray(soFar) ? "" : "\u2026") : "";
      if (text !== view.flowText) {
        view.flow!.textContent = view.flowText = text;
        view.flow!.setAttribute("class", text.length > 8 ? "flow long" : "flow");
      }
    } else {
      let valued = 0;
      let whole = 0;
      let some = 0;
      for (const n of box.members) {
        valued += s.valued[n];
        whole += s.whole[n];
        some += s.part[n] || s.seeded[n] ? 1 : 0;
      }
      sign = (valued ? " on" : " waiting") + (some ? (whole === box.members.length ? " whole" : " some") : "");
      const done = some ? whole / box.members.length : valued / box.members.length;
      const text = done > 0 ? `M12 ${LOW - 10}h${r((WIDTH - 24) * done)}` : "";
      if (text !== view.flowText) view.flow!.setAttribute("d", (view.flowText = text));
    }
    if (s.node >= 0 && this.graph.boxOf[s.node] === i) sign += " now";
    if (sign !== view.sign) {
      for (const c of view.sign.split(" ")) if (c) view.g.classList.remove(c);
      for (const c of sign.split(" ")) if (c) view.g.classList.add(c);
    }
    const said = sign + view.flowText;
    if (view.label !== said) {
      view.label = said;
      view.g.setAttribute("aria-label", this.name(box, s));
    }
    view.sign = sign;
  }

  private showLink(i: number): void {
    const link = this.links[i]!;
    const sign = this.signs[i];
    if (sign === link.drawn) return;
    link.drawn = sign;
    const back = sign.startsWith("flowed") && this.trace.mode === "reverse";
    link.path.setAttribute("class", `line ${sign}`);
    link.head.setAttribute("class", `arrow ${sign}${back && !this.plan.branches[i].back ? " off" : ""}`);
    link.label?.setAttribute("class", `label ${sign}`);
  }

  /** The product on the edge of the current step, in full, over everything else. */
  private showCurrent(s: State, on: number): void {
    this.current.replaceChildren();
    if (on < 0) return;
    const edge = this.trace.edges[s.edge];
    const factor = this.trace.nodes[this.trace.mode === "reverse" ? edge.to : edge.from].final;
    const parts: [string, string][] = isArray(edge.partial) || isArray(edge.contrib) || edge.partial === undefined
      ? [["partial", fit(edge.expr || partialText(edge.partial, ""), 7.2)]]
      : [["partial", brief(edge.partial)], ["sign", " \u00d7 "], ["flow", brief(factor)], ["sign", " = "], ["flow strong", brief(edge.contrib)]];
    const rows = parts.length === 5 && parts.reduce((sum, [, t]) => sum + t.length, 0) > 14 ? [parts.slice(0, 3), [["sign", "= "], parts[4]] as [string, string][]] : [parts];
    const wide = Math.max(...rows.map((row) => row.reduce((sum, [, t]) => sum + t.length, 0))) * 7 + 20;
    const tall = rows.length === 1 ? 26 : 42;
    const { label } = this.plan.branches[on];
    this.current.setAttribute("transform", `translate(${r(label[0])} ${r(label[1])})`);
    this.current.append(svg("rect", { class: "pill", x: r(-wide / 2), y: -tall / 2, width: r(wide), height: tall, rx: 13 }));
    rows.forEach((row, i) => {
      const text = svg("text", { y: rows.length === 1 ? 4.5 : i * 18 - 4 });
      for (const [role, content] of row) text.append(svg("tspan", { class: role }, content));
      this.current.append(text);
    });
  }

  /** What a screen reader says of a box. */
  private name(box: Box, s: State): string {
    if (box.node < 0) {
      const group = this.trace.groups[box.group];
      return `${group.label}, closed ${group.kind || "group"} of ${box.members.length} values; press Enter to open`;
    }
    const node = this.trace.nodes[box.node];
    const soFar = this.play.soFar(s, box.node);
    let said = node.name + (node.input ? ", input" : `, ${node.text}, ${node.op}`);
    said += s.valued[box.node] ? `, value ${spoken(node.value)}` : ", not computed yet";
    if (soFar !== undefined) said += `, ${this.trace.mode === "reverse" ? "gradient" : "tangent"} ${spoken(soFar)}${s.whole[box.node] ? "" : " so far"}`;
    return said;
  }

  /** What to keep in view at a state: the value, and on an edge its reader with the label beside it. */
  focus(s: State, most: [number, number]): [number, number, number, number] | null {
    if (s.node < 0) return null;
    const goal = this.place(this.graph.boxOf[s.node]);
    const on = s.edge >= 0 ? this.graph.bundleOf[s.edge] : -1;
    if (on < 0) return goal;
    const [lx, ly] = this.plan.branches[on].label;
    const label = [lx - 60, ly - 24, lx + 60, ly + 24];
    const corners = ([x, y, w, h]: [number, number, number, number]): number[] => [x, y, x + w, y + h];
    const around = (...rects: number[][]): number[] => [0, 1, 2, 3].map((i) => rects.map((rect) => rect[i]).reduce((p, q) => (i < 2 ? Math.min(p, q) : Math.max(p, q))));
    const reader = this.place(this.graph.bundles[on].to);
    for (const rects of [[label, corners(goal), corners(reader)], [label, corners(goal)], [label, corners(reader)]]) {
      const [x0, y0, x1, y1] = around(...rects);
      if (x1 - x0 < most[0] && y1 - y0 < most[1]) return [x0, y0, x1 - x0, y1 - y0];
    }
    return reader;
  }

  select(box: number): void {
    this.views.forEach((view, i) => {
      if (i !== box) view.g.removeAttribute("aria-current");
    });
    this.ring.style.display = box < 0 ? "none" : "";
    if (box < 0) return;
    this.views[box].g.setAttribute("aria-current", "true");
    const [x, y, w, h] = this.place(box);
    for (const [name, v] of [["x", x - 4.5], ["y", y - 4.5], ["width", w + 9], ["height", h + 9]] as const) this.ring.setAttribute(name, String(r(v)));
  }

  mark(found: ReadonlySet<number>): void {
    this.views.forEach((view, i) => view.g.classList.toggle("found", found.has(i)));
  }
}

const r = (v: number): number => Math.round(v * 100) / 100;

function curve({ x0, y0, x1, y1 }: Branch): string {
  const middle = r((x0 + x1) / 2);
  return `M${r(x0)} ${r(y0)}C${middle} ${r(y0)} ${middle} ${r(y1)} ${r(x1)} ${r(y1)}`;
}

function card(w: number, h: number, radius: number): string {
  const a = `a${radius} ${radius} 0 0 1`;
  return `M${radius} 0H${w - radius}${a} ${radius} ${radius}V${h - 10}a10 10 0 0 1 -10 10H10a10 10 0 0 1 -10 -10V${radius}${a} ${radius} ${-radius}z`;
}

function pictured(v: Value): boolean {
  return isArray(v) && v.thumb !== undefined && v.thumb.data.length > 1;
}

export function partialText(partial: Value | undefined, expr: string): string {
  if (partial !== undefined && !isArray(partial)) return `\u2202 ${digits(partial)}`;
  return fit(expr || (isArray(partial) ? `\u2202 ${brief(partial)}` : "\u2202"), 7.5);
}
