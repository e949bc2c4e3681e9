// The page: reads the trace that stands beside this script, puts the parts together, and listens.

import { boxesOf, openAtFirst } from "./boxes";
import { Camera } from "./camera";
import { button, html, icon, svg } from "./dom";
import { panel } from "./panel";
import { Play, type State } from "./play";
import { Scene } from "./scene";
import { PAGE_STYLE, STYLE } from "./style";
import { TraceTable } from "./table";
import { brief, read, spoken, type Trace } from "./trace";

export { layout } from "./layout"; // for the test that holds it against the Python
export { digits } from "./trace";

const MOST_OPEN = 3000; // boxes drawn at once
const KEYS: [string[], string][] = [
  [["\u2190", "\u2192"], "one step back, one step on (with Shift: ten)"],
  [["Home", "End"], "the start, the end"],
  [["Space"], "play, pause"],
  [["B"], "to where derivatives start to flow"],
  [["\u2191", "\u2193"], "previous, next value"],
  [["[", "]"], "to an operand, to a reader"],
  [["Enter"], "chain rule of a value; open a group"],
  [["E"], "open all groups, close them"],
  [["+", "\u2212", "F"], "larger, smaller, everything"],
  [["/"], "search"],
  [["D"], "light, dark"],
  [["Esc"], "let go"],
];

class Page {
  private readonly play: Play;
  private open: Set<number>;
  private scene: Scene;
  private readonly camera: Camera;
  private readonly table: TraceTable;
  private state: State;
  private chosen = -1; // a node
  private focus = 0; // a box: the one that Tab reaches
  private timer = 0;
  private readonly stage = svg("svg", { class: "graph", role: "group", "aria-roledescription": "computational graph" });
  private readonly side = html("aside", { class: "side-area", tabindex: 0, "aria-label": "Chain rule" });
  private readonly slider = html("input", { type: "range", class: "slider", min: 0, step: 1, "aria-label": "Step" });
  private readonly countOf = html("span", { class: "count-of" });
  private readonly chip = html("span", { class: "chip" });
  private readonly sentence = html("p");
  private readonly voice = html("p", { class: "visually-hidden", role: "status" });
  private readonly speed = html("select", { "aria-label": "Speed" });
  private readonly playButton = button("play", "Play", () => this.toggle(), "Space");
  private readonly search = html("input", { type: "search", placeholder: "Search", "aria-label": "Search values", maxlength: 200 });
  private readonly hits = html("span", { class: "hits", role: "status" });
  private readonly help = html("dialog", { "aria-label": "Keys" });
  private found: number[] = [];
  private foundAt = -1;

  constructor(private readonly trace: Trace, private readonly host: HTMLElement, root: ShadowRoot) {
    this.play = new Play(trace);
    this.open = openAtFirst(trace);
    this.state = this.play.state(Math.min(Number(host.dataset.at ?? Infinity), trace.steps.length));
    this.scene = new Scene(trace, this.play, this.open);
    this.stage.append(this.scene.world);
    this.stage.setAttribute("aria-label", `Graph of ${trace.title}: ${trace.nodes.length} values, ${trace.edges.length} edges`);
    if (trace.mode === "reverse") this.stage.classList.add("backward");
    this.camera = new Camera(this.stage, this.scene.world, (...corners) => this.scene.reveal(...corners));
    this.table = new TraceTable(trace, this.play, (node) => this.choose(node, true));
    root.append(this.build());
    this.listen(root);
    this.camera.look(this.scene.world, this.scene.size, this.places());
    this.camera.begin();
    this.show(false);
    this.rove(this.scene.graph.boxOf[trace.outputs[0] ?? 0] ?? 0, false);
  }

  private build(): HTMLElement {
    const { trace } = this;
    const mode = trace.mode === "reverse" ? "reverse mode" : "forward mode";
    const top = html("header", { class: "top" },
      html("h1", {}, trace.title),
      html("span", { class: "about" }, `${count(trace.nodes.length, "value")} \u00b7 ${count(trace.edges.length, "edge")} \u00b7 ${mode}`),
      html("div", { class: "search", role: "search" }, icon("find"), this.search, this.hits),
      button("theme", "Light or dark", () => this.theme(), "D"),
      button("help", "Keys", () => this.help.showModal(), "?"));
    const tools = html("div", { class: "tools" },
      button("plus", "Larger", () => this.camera.zoom(1.25), "+"),
      button("minus", "Smaller", () => this.camera.zoom(0.8), "\u2212"),
      button("fit", "Show everything", () => this.camera.whole(), "F"));
    if (trace.groups.some((g) => g.members > 1)) tools.append(button("groups", "Open or close all groups", () => this.toggleGroups(), "E"));
    const stage = html("section", { class: "stage", "aria-label": "Graph" });
    stage.append(this.stage, this.camera.map, tools);
    for (const [rate, name] of [[0.5, "0.5\u00d7"], [1, "1\u00d7"], [2, "2\u00d7"], [4, "4\u00d7"], [16, "16\u00d7"]] as const) this.speed.append(html("option", { value: rate }, name));
    this.speed.value = trace.steps.length > 200 ? "4" : "1";
    this.slider.max = String(trace.steps.length);
    const turn = trace.steps.length ? (100 * trace.turn) / trace.steps.length : 100;
    this.slider.style.setProperty("--fill", `linear-gradient(to right, var(--value) ${turn}%, var(--flow) ${turn}%)`);
    this.playButton.classList.add("main");
    const phase = html("button", { type: "button", class: "phase", title: "To where derivatives start to flow (B)" }, trace.mode === "reverse" ? "Backward" : "Tangents");
    phase.addEventListener("click", () => this.go(trace.turn));
    const bar = html("section", { class: "bar-area", "aria-label": "Steps" },
      html("div", { class: "controls" },
        button("first", "To the start", () => this.go(0), "Home"), button("back", "One step back", () => this.go(this.state.at - 1), "\u2190"),
        this.playButton, button("next", "One step on", () => this.go(this.state.at + 1), "\u2192"), button("last", "To the end", () => this.go(trace.steps.length), "End"),
        phase, this.slider, this.countOf, this.speed),
      html("div", { class: "status" }, this.chip, this.sentence), this.voice);
    const rows = html("section", { class: "trace-area", tabindex: 0, "aria-label": "Evaluation trace" }, this.table.element);
    if (this.table.pages > 1) {
      const pages = html("div", { class: "pages" });
      for (const [name, by] of [["Earlier values", -1], ["Later values", 1]] as const) {
        const turnPage = html("button", { type: "button" }, name);
        turnPage.addEventListener("click", () => this.table.turn(by, this.state));
        pages.append(turnPage);
      }
      rows.append(pages);
    }
    const keys = html("dl");
    for (const [names, what] of KEYS) {
      const dt = html("dt");
      names.forEach((name, i) => dt.append(...(i ? [" "] : []), html("kbd", {}, name)));
      keys.append(dt, html("dd", {}, what));
    }
    const close = html("button", { type: "button" }, "Close");
    close.addEventListener("click", () => this.help.close());
    this.help.append(html("h2", {}, "Keys"), keys, close);
    return html("main", { class: "page" }, top, stage, bar, this.side, rows, this.help);
  }

  private listen(root: ShadowRoot): void {
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.speed.addEventListener("change", () => this.timer && this.start());
    this.stage.addEventListener("click", (event) => {
      if (this.camera.dragged) return;
      const box = this.boxAt(event.target);
      if (box < 0) this.choose(-1);
      else this.enter(box);
    });
    this.stage.addEventListener("focusin", (event) => {
      const box = this.boxAt(event.target);
      if (box >= 0) {
        this.rove(box, false);
        this.camera.follow(this.scene.place(box));
      }
    });
    this.search.addEventListener("input", () => this.find());
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.nextHit(event.shiftKey ? -1 : 1);
      else if (event.key === "Escape") {
        this.search.value = "";
        this.find();
        this.search.blur();
      } else return;
      event.preventDefault();
    });
    // The page around a frame may say which scheme it has; nothing else is listened to.
    window.addEventListener("message", ({ data }) => {
      if (["light", "dark", "auto"].includes(data?.edgewise)) this.host.dataset.theme = data.edgewise;
    });
    document.addEventListener("keydown", (event) => {
      const target = (event.composedPath()[0] ?? null) as Element | null;
      if (event.ctrlKey || event.metaKey || event.altKey || this.help.open || target === this.search || target === this.speed) return;
      const pressing = target instanceof HTMLButtonElement && (event.key === " " || event.key === "Enter");
      if (!pressing && this.key(event, root)) event.preventDefault();
    });
  }

  /** Whether the key meant something here. */
  private key(event: KeyboardEvent, root: ShadowRoot): boolean {
    const by = event.shiftKey ? 10 : 1;
    switch (event.key) {
      case "ArrowRight": this.go(this.state.at + by); return true;
      case "ArrowLeft": this.go(this.state.at - by); return true;
      case "Home": this.go(0); return true;
      case "End": this.go(this.trace.steps.length); return true;
      case " ": this.toggle(); return true;
      case "b": case "B": this.go(this.trace.turn); return true;
      case "+": case "=": this.camera.zoom(1.25); return true;
      case "-": case "\u2212": this.camera.zoom(0.8); return true;
      case "f": case "F": case "0": this.camera.whole(); return true;
      case "e": case "E": this.toggleGroups(); return true;
      case "d": case "D": this.theme(); return true;
      case "/": this.search.focus(); return true;
      case "?": this.help.showModal(); return true;
      case "Escape": this.pause(); this.choose(-1); return true;
    }
    const onBox = root.activeElement !== null && this.boxAt(root.activeElement) >= 0;
    if (!onBox) return false;
    const last = this.scene.graph.boxes.length - 1;
    switch (event.key) {
      case "ArrowUp": this.rove(Math.max(this.focus - 1, 0), true); return true;
      case "ArrowDown": this.rove(Math.min(this.focus + 1, last), true); return true;
      case "Enter": this.enter(this.focus); return true;
      case "[": case "]": {
        const along = this.scene.graph.bundles.find((b) => (event.key === "[" ? b.to : b.from) === this.focus);
        if (along) this.rove(event.key === "[" ? along.from : along.to, true);
        return true;
      }
    }
    return false;
  }

  private boxAt(target: EventTarget | null): number {
    const g = target instanceof Element ? target.closest("[data-box]") : null;
    return g ? Number(g.getAttribute("data-box")) : -1;
  }

  private places(): [number, number, number, number][] {
    return this.scene.graph.boxes.map((_, i) => this.scene.place(i));
  }

  private rove(box: number, focus: boolean): void {
    if (box >= this.scene.graph.boxes.length) return;
    if (this.focus < this.scene.graph.boxes.length) this.scene.element(this.focus).setAttribute("tabindex", "-1");
    this.focus = box;
    this.scene.element(box).setAttribute("tabindex", "0");
    if (!focus) return;
    this.camera.follow(this.scene.place(box)); // what is out of view cannot have the focus
    this.scene.element(box).focus({ preventScroll: true });
  }

  private enter(box: number): void {
    const { group, node } = this.scene.graph.boxes[box];
    if (group < 0) this.choose(node === this.chosen ? -1 : node);
    else {
      const first = this.scene.graph.boxes[box].members[0];
      this.regroup(new Set(this.open).add(group));
      this.rove(this.scene.graph.boxOf[first], true);
    }
  }

  private choose(node: number, follow = false): void {
    this.chosen = node;
    const box = node < 0 ? -1 : this.scene.graph.boxOf[node];
    this.scene.select(box);
    if (follow && box >= 0) {
      if (this.camera.scale < 0.5) this.camera.zoom(0.85 / this.camera.scale);
      this.camera.follow(this.scene.place(box));
    }
    this.showPanel();
  }

  private regroup(open: Set<number>): void {
    const boxes = boxesOf(this.trace, open).boxes.length;
    if (boxes > MOST_OPEN && boxes > this.scene.graph.boxes.length) {
      this.say("flow", "Too many", `This would draw ${boxes.toLocaleString("en")} boxes; at most ${MOST_OPEN.toLocaleString("en")} are drawn at once.`);
      return;
    }
    const scene = new Scene(this.trace, this.play, open);
    this.open = open;
    this.scene = scene;
    this.focus = 0;
    this.camera.look(scene.world, scene.size, this.places());
    scene.show(this.state);
    this.camera.begin();
    const node = this.chosen >= 0 ? this.chosen : this.state.node;
    if (node >= 0) this.camera.follow(scene.place(scene.graph.boxOf[node]));
    scene.select(this.chosen < 0 ? -1 : scene.graph.boxOf[this.chosen]);
    scene.mark(new Set(this.found.map((n) => scene.graph.boxOf[n])));
    this.rove(node >= 0 ? scene.graph.boxOf[node] : 0, false);
  }

  private toggleGroups(): void {
    const closed = this.scene.graph.boxes.some((box) => box.group >= 0);
    this.regroup(closed ? new Set(this.trace.groups.keys()) : new Set());
  }

  go(at: number): void {
    this.pause();
    this.to(at);
  }

  private to(at: number): void {
    const next = Math.min(Math.max(at, 0), this.trace.steps.length);
    if (next === this.state.at) return;
    this.state = this.play.state(next);
    this.show(true);
  }

  private toggle(): void {
    if (this.timer) this.pause();
    else {
      if (this.state.at === this.trace.steps.length) this.to(0);
      this.start();
    }
  }

  private start(): void {
    window.clearInterval(this.timer);
    this.timer = window.setInterval(() => {
      this.to(this.state.at + 1);
      if (this.state.at >= this.trace.steps.length) this.pause();
    }, 900 / Number(this.speed.value));
    this.playing("pause", "Pause");
  }

  private pause(): void {
    if (!this.timer) return;
    window.clearInterval(this.timer);
    this.timer = 0;
    this.playing("play", "Play");
    this.voice.textContent = this.sentence.textContent;
  }

  private playing(name: "play" | "pause", label: string): void {
    this.playButton.replaceChildren(icon(name));
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = `${label} (Space)`;
  }

  private theme(): void {
    const { theme } = this.host.dataset;
    const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    this.host.dataset.theme = dark ? "light" : "dark";
  }

  private show(follow: boolean): void {
    const s = this.state;
    this.scene.show(s);
    this.table.show(s);
    this.slider.value = String(s.at);
    this.countOf.textContent = `${s.at} / ${this.trace.steps.length}`;
    this.tell();
    this.slider.setAttribute("aria-valuetext", `step ${s.at} of ${this.trace.steps.length}: ${this.sentence.textContent}`);
    this.showPanel();
    if (s.node >= 0) this.camera.point(this.scene.place(this.scene.graph.boxOf[s.node]));
    const focus = follow ? this.scene.focus(s, this.camera.room) : null;
    if (focus) this.camera.follow(focus);
  }

  private showPanel(): void {
    const node = this.chosen >= 0 ? this.chosen : this.state.node;
    this.side.replaceChildren(...panel(this.trace, this.play, this.state, node, this.chosen >= 0, (group) => {
      const open = new Set(this.open);
      open.delete(group);
      this.regroup(open);
    }));
  }

  /** The step as a sentence, on the page and (unless playing) to a screen reader. */
  private tell(): void {
    const { nodes, edges, steps, mode } = this.trace;
    const s = this.state;
    const reverse = mode === "reverse";
    if (s.at === 0) {
      this.say("value", "Start", "Nothing is computed yet. Press \u2192 to step, Space to play.");
      return;
    }
    const [kind, id] = steps[s.at - 1];
    if (kind === "f") {
      const node = nodes[id];
      this.say("value", "Forward", node.input ? `${node.name} is given: ${spoken(node.value)}` : `${node.name} = ${node.text} gives ${spoken(node.value)}`);
    } else if (kind === "s") {
      this.say("flow", reverse ? "Backward" : "Tangents", reverse ? `The derivative of ${nodes[id].name} with respect to itself is 1: the sweep starts here.` : `${nodes[id].name} is varied: its tangent is ${spoken(this.play.soFar(s, id))}`);
    } else {
      const e = edges[id];
      const [far, near] = reverse ? [nodes[e.to], nodes[e.from]] : [nodes[e.from], nodes[e.to]];
      const product = e.partial === undefined ? e.expr : `local derivative ${spoken(e.partial)} times ${reverse ? "gradient" : "tangent"} ${spoken(far.final)}`;
      const sum = s.part[this.play.goal(kind, id)] > 1 ? `; with what came before, ${brief(this.play.soFar(s, this.play.goal(kind, id)))}` : "";
      this.say("flow", reverse ? "Backward" : "Tangents", `${far.name} to ${near.name}: ${product} gives ${spoken(e.contrib)}${sum}`);
    }
  }

  private say(role: string, phase: string, sentence: string): void {
    this.chip.className = `chip ${role}`;
    this.chip.textContent = phase;
    this.sentence.textContent = sentence;
    if (!this.timer) this.voice.textContent = sentence;
  }

  private find(): void {
    const wanted = this.search.value.trim().toLowerCase();
    const hit = (text: string): boolean => text.toLowerCase().includes(wanted);
    this.found = wanted ? [...this.trace.nodes.keys()].filter((i) => hit(this.trace.nodes[i].name) || hit(this.trace.nodes[i].text) || hit(this.trace.nodes[i].op)) : [];
    this.foundAt = -1;
    this.hits.textContent = wanted ? String(this.found.length) : "";
    this.scene.mark(new Set(this.found.map((n) => this.scene.graph.boxOf[n])));
  }

  private nextHit(by: number): void {
    if (!this.found.length) return;
    this.foundAt = (this.foundAt + by + this.found.length) % this.found.length;
    const node = this.found[this.foundAt];
    this.hits.textContent = `${this.foundAt + 1}/${this.found.length}`;
    if (this.scene.graph.boxes[this.scene.graph.boxOf[node]].group >= 0) {
      const open = new Set(this.open);
      for (let g = this.trace.nodes[node].group; g >= 0; g = this.trace.groups[g].parent) open.add(g);
      this.regroup(open);
    }
    this.choose(node, true);
  }
}

const count = (n: number, what: string): string => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

function start(): void {
  const host = document.getElementById("edgewise");
  const data = document.getElementById("edgewise-trace");
  if (!host || !data) return;
  const root = host.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  style.replaceSync(STYLE);
  root.adoptedStyleSheets = [style];
  const page = new CSSStyleSheet();
  page.replaceSync(PAGE_STYLE);
  document.adoptedStyleSheets = [page];
  try {
    new Page(read(data.textContent ?? ""), host, root);
  } catch (error) {
    root.replaceChildren(html("div", { class: "page message" }, html("p", {}, `This trace cannot be shown. ${error instanceof Error ? error.message : ""}`)));
    console.error(error);
  }
}

if (typeof document !== "undefined") start();
