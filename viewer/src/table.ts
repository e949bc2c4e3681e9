// The evaluation trace as a table: everything the graph shows, as text. Long ones are shown a page at a time.

import { html } from "./dom";
import type { Play, State } from "./play";
import { brief, type Trace } from "./trace";

const PAGE = 50;

export class TraceTable {
  readonly element = html("table", { class: "trace" });
  private readonly caption = html("caption");
  private readonly body = html("tbody");
  private page = -1;
  private rows: HTMLTableRowElement[] = [];
  private shown: string[] = [];
  private now = -1;

  constructor(readonly trace: Trace, readonly play: Play, choose: (node: number) => void) {
    const last = trace.mode === "reverse" ? "gradient" : "tangent";
    const head = ["value", "expression", "forward", "local derivatives", last].map((name, i) => html("th", { scope: "col", class: i === 2 || i === 4 ? "figure" : "" }, name));
    this.element.append(this.caption, html("thead", {}, html("tr", {}, ...head)), this.body);
    this.body.addEventListener("click", (event) => {
      const row = (event.target as Element).closest("tr");
      const at = row ? this.rows.indexOf(row) : -1;
      if (at >= 0) choose(this.page * PAGE + at);
    });
  }

  get pages(): number {
    return Math.ceil(this.trace.nodes.length / PAGE);
  }

  turn(by: number, s: State): void {
    this.fill(Math.min(Math.max(this.page + by, 0), this.pages - 1));
    this.show(s, false);
  }

  private fill(page: number): void {
    if (page === this.page) return;
    this.page = page;
    const { nodes, edges } = this.trace;
    const first = page * PAGE;
    const some = nodes.slice(first, first + PAGE);
    this.caption.textContent = nodes.length > PAGE ? `Evaluation trace, values ${first + 1} to ${first + some.length} of ${nodes.length}` : "Evaluation trace";
    this.rows = some.map((node) => {
      const local = html("td");
      node.in.forEach((k, i) => {
        const e = edges[k];
        local.append(...(i ? [html("span", { class: "dim" }, "  \u00b7  ")] : []), html("span", { class: "dim" }, `\u2202/\u2202${nodes[e.from].name} = `), e.partial !== undefined ? brief(e.partial) : e.expr);
      });
      return html("tr", {}, html("th", { scope: "row" }, node.name), html("td", {}, node.input ? "input" : node.text), html("td", { class: "figure value" }), local, html("td", { class: "figure flow" }));
    });
    this.shown = this.rows.map(() => "");
    this.body.replaceChildren(...this.rows);
    this.now = -1;
  }

  /** The state; ``follow`` turns to the page of the current value. */
  show(s: State, follow = true): void {
    // On an edge the page of the reader will do: an input far away would turn the page back and forth at each step.
    const reader = s.edge >= 0 ? this.trace.edges[s.edge].to : s.node;
    const there = Math.floor(s.node / PAGE) === this.page ? s.node : reader;
    if (this.page < 0 || (follow && s.node >= 0)) this.fill(there >= 0 ? Math.floor(there / PAGE) : 0);
    const first = this.page * PAGE;
    this.rows.forEach((row, i) => {
      const n = first + i;
      const value = s.valued[n] ? brief(this.trace.nodes[n].value) : "\u00b7";
      const flow = brief(this.play.soFar(s, n)) || "\u00b7";
      const both = `${value}\n${flow}`;
      if (both === this.shown[i]) return;
      this.shown[i] = both;
      row.cells[2].textContent = value;
      row.cells[4].textContent = flow;
    });
    const now = s.node - first;
    if (now === this.now) return;
    this.rows[this.now]?.classList.remove("now");
    this.rows[now]?.classList.add("now");
    this.now = now;
    requestAnimationFrame(() => this.follow()); // once everything else is changed: asking sooner costs one more layout
  }
  /** Bring the current row into view. */
  private follow(): void {
    const area = this.element.parentElement;
    const row = this.rows[this.now];
    if (!area || !row || area.scrollHeight <= area.clientHeight) return;
    const top = row.offsetTop - this.element.offsetTop;
    if (top < area.scrollTop || top + 30 > area.scrollTop + area.clientHeight - 16) area.scrollTop = top - area.clientHeight / 2;
  }
}
