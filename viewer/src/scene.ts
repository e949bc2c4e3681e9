// The drawing: boxes, trunks, branches and what is written on them. It is built once for a set of open groups; a step
// only changes the classes and texts of what became different. A trunk is drawn once for all its readers, because the
// long path of every single edge would cost a hundred times as much to paint.

import { boxesOf, type Box, type Boxes, type Bundle } from "./boxes";
import { fit, svg } from "./dom";
import { layout, type Branch, type Layout } from "./layout";
import { heat } from "./picture";
import type { Play, State } from "./play";
import { brief, isArray, spoken, toNumber, digits, type Trace, type Value } from "./trace";

export const WIDTH = 156;
const HEAD = 27;
const LOW = 60;
const TALL = 104;

interface BoxView { g: SVGGElement; flow: SVGTextElement; value: SVGTextElement; picture: SVGGElement | null; sign: string; flowText: string; label: string }
interface LinkView { path: SVGPathElement; head: SVGPathElement; label: SVGGElement | null; flow: SVGTextElement | null; sign: string }
interface TrunkView { path: SVGPathElement | null; tail: SVGPathElement; bundles: number[]; sign: string }

const HALF = WIDTH / 2;

export class Scene {
  readonly world = svg("g", { class: "world" });
  readonly graph: Boxes;
  readonly plan: Layout;
  private readonly tall: number[];
  private readonly views: BoxView[] = [];
  private readonly links: LinkView[] = [];
  private readonly trunks: TrunkView[] = [];
  private readonly current = svg("g", { class: "current", "aria-hidden": "true" });
  private readonly ring = svg("rect", { class: "ring", rx: 13, "aria-hidden": "true" });
  private readonly touched = new Set<number>();
  private last: State | null = null;

  constructor(readonly trace: Trace, readonly play: Play, open: ReadonlySet<number>) {
    this.graph = boxesOf(trace, open);
    const { boxes, bundles } = this.graph;
    this.tall = boxes.map((box) => (box.node >= 0 && pictured(trace.nodes[box.node].value) ? TALL : LOW));
    this.plan = layout(this.tall.map((h) => [WIDTH, h] as const), bundles.map((b) => [b.from, b.to] as const));
    const lines = svg("g", { class: "lines", "aria-hidden": "true" });
    const labels = svg("g", { class: "labels", "aria-hidden": "true" });
    this.plan.trunks.forEach((trunk) => {
      const x = this.plan.x[trunk.source] + HALF;
      const y = this.plan.y[trunk.source];
      let d = `M${x} ${r(y)}`;
      let px = x;
      let py = y;
      for (const [left, right, at] of trunk.spans) {
        const middle = r((px + left) / 2);
        d += `C${middle} ${r(py)} ${middle} ${r(at)} ${left} ${r(at)}H${right}`;
        px = right;
        py = at;
      }
      const path = trunk.spans.length ? svg("path", { class: "line", d }) : null;
      const tail = svg("path", { class: "arrow", d: `M${x} ${r(y)}l9 -5v10z` });
      if (path) lines.append(path);
      this.trunks.push({ path, tail, bundles: [], sign: "" });
    });
    this.plan.branches.forEach((branch, i) => {
      this.trunks[branch.trunk].bundles.push(i);
      const path = svg("path", { class: "line", d: curve(branch) });
      const head = svg("path", { class: "arrow", d: branch.back ? `M${r(branch.x0)} ${r(branch.y0)}l9 -5v10z` : `M${r(branch.x1)} ${r(branch.y1)}l-9 -5v10z` });
      lines.append(path, head);
      const crowded = this.arrivals(bundles[i].to) > 4;
      const [label, flow] = crowded ? [null, null] : this.label(bundles[i], branch);
      if (label) labels.append(label);
      this.links.push({ path, head, label, flow, sign: "" });
    });
    for (const trunk of this.trunks) lines.append(trunk.tail);
    const cards = svg("g", { class: "boxes", role: "group", "aria-label": "Values in order of computation" });
    boxes.forEach((box, i) => {
      const view = this.box(box, i);
      this.views.push(view);
      cards.append(view.g);
    });
    this.ring.style.display = "none";
    this.world.append(lines, labels, cards, this.ring, this.current);
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

  private label(bundle: Bundle, branch: Branch): [SVGGElement, SVGTextElement | null] {
    const edge = this.trace.edges[bundle.edges[0]];
    const many = bundle.edges.length > 1;
    const upper = many ? `\u00d7${bundle.edges.length}` : partialText(edge.partial, edge.expr);
    const flowing = many ? this.bundleFlow(bundle) : isArray(edge.contrib) ? "" : brief(edge.contrib);
    const lower = flowing && svg("text", { class: "flow", y: 13 }, flowing);
    const above = svg("text", { class: "partial", y: flowing ? -3.5 : 4 }, upper);
    const wide = Math.max(upper.length, flowing.length) * 6.3 + 10;
    const g = svg("g", { class: "label", transform: `translate(${r(branch.label[0])} ${r(branch.label[1])})` });
    g.append(svg("rect", { class: "plate", x: r(-wide / 2), y: flowing ? -14.5 : -8, width: r(wide), height: flowing ? 31 : 16, rx: 5 }), above);
    if (lower) g.append(lower);
    return [g, lower || null];
  }

  private bundleFlow(bundle: Bundle): string {
    const edges = bundle.edges.map((k) => this.trace.edges[k]);
    const goal = (k: number): number => (this.trace.mode === "reverse" ? this.trace.edges[k].from : this.trace.edges[k].to);
    if (edges.some((e) => e.contrib === undefined || isArray(e.contrib)) || bundle.edges.some((k) => goal(k) !== goal(bundle.edges[0]))) return "";
    return digits(edges.reduce((sum, e) => sum + toNumber(e.contrib as number), 0));
  }

  private box(box: Box, index: number): BoxView {
    const [x, y, w, h] = this.place(index);
    const g = svg("g", { class: "box", transform: `translate(${r(x)} ${r(y)})`, role: "button", tabindex: -1, "data-box": index });
    const value = svg("text", { class: "value", x: 11, y: 49 });
    const flow = svg("text", { class: "flow", x: w - 11, y: 49 });
    let picture: SVGGElement | null = null;
    if (box.node >= 0) {
      const node = this.trace.nodes[box.node];
      if (node.input) g.classList.add("input");
      if (node.output) g.classList.add("output");
      if (node.dead) g.classList.add("dead");
      const title = node.named ? node.name : node.text;
      const side = node.input ? "input" : node.named ? node.text : node.name;
      const main = fit(title, node.named ? 8.2 : 8.6);
      const rest = (w - 26 - main.length * 7.4) / 10.5;
      g.append(
        svg("path", { class: "card", d: card(w, h, node.input ? HEAD / 2 + 6 : 10) }),
        svg("path", { class: "cell left", d: `M1 ${HEAD}H${w / 2}V${h - 1}H10a9 9 0 0 1 -9 -9z` }),
        svg("path", { class: "cell right", d: `M${w / 2} ${HEAD}H${w - 1}V${h - 10}a9 9 0 0 1 -9 9H${w / 2}z` }),
        svg("path", { class: "rule", d: `M0 ${HEAD}H${w}M${w / 2} ${HEAD}V${h}` }),
        svg("text", { class: "title", x: 11, y: 18 }, main),
      );
      if (rest > 2) g.append(svg("text", { class: "side", x: w - 11, y: 18 }, fit(side, rest)));
      value.textContent = brief(node.value);
      g.append(value, flow);
      if (h === TALL) {
        picture = svg("g", { class: "pictures" });
        for (const [role, left, content] of [["value", 11, node.value], ["flow", w / 2 + 8, node.final]] as const) {
          const data = isArray(content) ? heat(content, role) : null;
          if (data) picture.append(svg("image", { class: role, href: data, x: left, y: 57, width: w / 2 - 19, height: 38, preserveAspectRatio: "none" }));
        }
        g.append(picture);
      }
    } else {
      const group = this.trace.groups[box.group];
      g.classList.add("group");
      value.setAttribute("x", String(w / 2));
      flow.setAttribute("x", String(w / 2));
      g.append(
        svg("path", { class: "card under", d: card(w, h, 10), transform: "translate(5 5)" }),
        svg("path", { class: "card", d: card(w, h, 10) }),
        svg("path", { class: "bar all", d: `M12 ${h - 10}H${w - 12}` }),
        svg("path", { class: "bar done", d: "" }),
        svg("text", { class: "title middle", x: w / 2, y: 20 }, fit(group.label, 10.6)),
      );
      value.setAttribute("y", "38");
      value.setAttribute("class", "count");
      value.textContent = `${box.members.length} values`;
      g.append(value);
    }
    return { g, flow, value, picture, sign: "", flowText: "", label: "" };
  }

  /** Bring the drawing to a state; only what differs is touched. */
  show(s: State): void {
    const { boxes, bundles, boxOf, bundleOf } = this.graph;
    const now = s.node >= 0 ? boxOf[s.node] : -1;
    const on = s.edge >= 0 ? bundleOf[s.edge] : -1;
    for (let i = 0; i < boxes.length; i++) {
      const box = boxes[i];
      const view = this.views[i];
      let sign: string;
      if (box.node >= 0) {
        const n = box.node;
        const got = s.seeded[n] || s.part[n] ? (s.whole[n] ? " whole" : " some") : "";
        sign = (s.valued[n] ? " on" : " waiting") + got;
        const soFar = got ? this.play.soFar(s, n) : undefined;
        const text = got ? brief(soFar) + (s.whole[n] || isArray(soFar) ? "" : "\u2026") : "";
        if (text !== view.flowText) view.flow.textContent = view.flowText = text;
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
        const text = `M12 ${LOW - 10}h${r((WIDTH - 24) * done)}`;
        if (text !== view.flowText) {
          view.flowText = text;
          view.g.querySelector(".bar.done")!.setAttribute("d", done > 0 ? text : "");
        }
      }
      if (i === now) sign += " now";
      if (sign !== view.sign) {
        for (const c of view.sign.split(" ")) if (c) view.g.classList.remove(c);
        for (const c of sign.split(" ")) if (c) view.g.classList.add(c);
        view.sign = sign;
      }
      if (view.label === "" || this.touched.has(i) || i === now) this.name(i, s);
    }
    this.touched.clear();
    if (now >= 0) this.touched.add(now);
    const jumped = !this.last || Math.abs(this.last.at - s.at) > 1;
    if (jumped) boxes.forEach((_, i) => this.name(i, s));
    this.last = s;
    for (let i = 0; i < bundles.length; i++) {
      const bundle = bundles[i];
      let ready = false;
      let flowed = false;
      for (const k of bundle.edges) {
        if (s.valued[this.trace.edges[k].to]) ready = true;
        if (s.flowed[k]) flowed = true;
      }
      const sign = (flowed ? "flowed" : ready ? "ready" : "idle") + (i === on ? " now" : "");
      const link = this.links[i];
      if (sign === link.sign) continue;
      link.sign = sign;
      const back = flowed && this.trace.mode === "reverse";
      link.path.setAttribute("class", `line ${sign}`);
      link.head.setAttribute("class", `arrow ${sign}${back && !this.plan.branches[i].back ? " off" : ""}`);
      link.label?.setAttribute("class", `label ${sign}`);
    }
    for (const trunk of this.trunks) {
      let best = "idle";
      let current = false;
      for (const i of trunk.bundles) {
        const sign = this.links[i].sign;
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

  /** The product on the edge of the current step, in full, over everything else. */
  private showCurrent(s: State, on: number): void {
    this.current.replaceChildren();
    if (on < 0) return;
    const edge = this.trace.edges[s.edge];
    const factor = this.trace.nodes[this.trace.mode === "reverse" ? edge.to : edge.from].final;
    const parts: [string, string][] = isArray(edge.partial) || isArray(edge.contrib) || edge.partial === undefined
      ? [["partial", fit(edge.expr || partialText(edge.partial, ""), 22)]]
      : [["partial", brief(edge.partial)], ["sign", " \u00d7 "], ["flow", brief(factor)], ["sign", " = "], ["flow strong", brief(edge.contrib)]];
    const text = svg("text", { y: 4.5 });
    let length = 0;
    for (const [role, content] of parts) {
      text.append(svg("tspan", { class: role }, content));
      length += content.length;
    }
    const wide = length * 7.1 + 20;
    const { label } = this.plan.branches[on];
    this.current.setAttribute("transform", `translate(${r(label[0])} ${r(label[1])})`);
    this.current.append(svg("rect", { class: "pill", x: r(-wide / 2), y: -13, width: r(wide), height: 26, rx: 13 }), text);
  }

  /** What a screen reader says of a box. */
  private name(i: number, s: State): void {
    const box = this.graph.boxes[i];
    let said: string;
    if (box.node >= 0) {
      const node = this.trace.nodes[box.node];
      const soFar = this.play.soFar(s, box.node);
      said = node.name + (node.input ? ", input" : `, ${node.text}, ${node.op}`);
      said += s.valued[box.node] ? `, value ${spoken(node.value)}` : ", not computed yet";
      if (soFar !== undefined) said += `, ${this.trace.mode === "reverse" ? "gradient" : "tangent"} ${spoken(soFar)}${s.whole[box.node] ? "" : " so far"}`;
    } else {
      const group = this.trace.groups[box.group];
      said = `${group.label}, closed ${group.kind || "group"} of ${box.members.length} values; press Enter to open`;
    }
    if (said === this.views[i].label) return;
    this.views[i].label = said;
    this.views[i].g.setAttribute("aria-label", said);
  }

  select(box: number): void {
    this.views.forEach((view, i) => {
      if (view.g.getAttribute("aria-pressed") === "true" && i !== box) view.g.removeAttribute("aria-pressed");
    });
    this.ring.style.display = box < 0 ? "none" : "";
    if (box < 0) return;
    this.views[box].g.setAttribute("aria-pressed", "true");
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
