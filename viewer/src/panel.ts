// What stands beside the graph: the chain rule at one value, its source line, its numbers, and what the modes cost.

import { html } from "./dom";
import { heat, histogram, type Role } from "./picture";
import type { Play, State } from "./play";
import { brief, digits, isArray, shape, type Trace, type Value } from "./trace";

export function panel(trace: Trace, play: Play, s: State, node: number, chosen: boolean, closeGroup: (group: number) => void): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (node >= 0) parts.push(...rule(trace, play, s, node, chosen), ...arrays(trace, play, s, node));
  else parts.push(html("section", {}, html("h2", {}, "Chain rule"), html("p", { class: "dim" }, "Choose a value in the graph to see how its derivative comes about.")));
  parts.push(...source(trace, node >= 0 ? node : trace.nodes.length - 1));
  if (node >= 0 && trace.nodes[node].group >= 0) {
    const group = trace.nodes[node].group;
    const label = trace.groups[group].label;
    const close = html("button", { type: "button", class: "quiet" }, `Close \u201c${label.length > 34 ? `${label.slice(0, 33)}\u2026` : label}\u201d`);
    close.addEventListener("click", () => closeGroup(group));
    if (trace.groups[group].members > 1) parts.push(html("section", {}, close));
  }
  if (trace.counts) parts.push(counts(trace));
  if (trace.note) parts.push(html("p", { class: "dim" }, trace.note));
  return parts;
}

const MOST_ROWS = 20; // of a chain rule: a parameter of a loop has as many readers as there are passes

const role = (name: string, text: string): HTMLElement => html("span", { class: name }, text);

function rule(trace: Trace, play: Play, s: State, n: number, chosen: boolean): HTMLElement[] {
  const node = trace.nodes[n];
  const reverse = trace.mode === "reverse";
  const out = trace.outputs.length === 1 ? trace.nodes[trace.outputs[0]].name : "out";
  const head = html("div", { class: "who" },
    html("h2", {}, node.name, ...(node.input || node.text === node.name ? [] : [html("span", { class: "dim" }, ` = ${node.text}`)])),
    html("dl", {},
      html("div", {}, html("dt", {}, "value"), html("dd", { class: "value" }, s.valued[n] ? brief(node.value) : "\u2013")),
      html("div", {}, html("dt", {}, reverse ? `\u2202${out}/\u2202${node.name}` : "tangent"), html("dd", { class: "flow" }, brief(play.soFar(s, n)) || "\u2013"))),
  );
  const links = reverse ? node.out : node.in;
  const rows = links.filter((k) => trace.edges[k].contrib !== undefined);
  const body = html("tbody");
  const from = Math.max(Math.min(rows.indexOf(s.edge) - MOST_ROWS / 2, rows.length - MOST_ROWS), 0);
  for (const k of rows.slice(from, from + MOST_ROWS)) {
    const edge = trace.edges[k];
    const far = trace.nodes[reverse ? edge.to : edge.from];
    const done = s.flowed[k] === 1;
    const local = edge.partial !== undefined ? brief(edge.partial) : edge.expr;
    const array = isArray(edge.contrib) || edge.partial === undefined || isArray(edge.partial);
    const product = array && edge.expr
      ? [role("partial", edge.expr)]
      : [role("partial", local), " \u00d7 ", role("flow", s.whole[reverse ? edge.to : edge.from] ? brief(far.final) : "\u2026")];
    body.append(html("tr", { class: k === s.edge ? "now" : done ? "" : "todo" },
      html("th", { scope: "row" }, far.name),
      html("td", { class: "product" }, ...product),
      html("td", { class: "flow" }, done ? brief(edge.contrib) : "\u2013")));
  }
  const more = rows.length - MOST_ROWS;
  if (more > 0) body.append(html("tr", { class: "todo" }, html("th", { scope: "row" }, "\u2026"), html("td", { colspan: 2 }, `${more} more, in the sum below`)));
  const table = html("table", { class: "rule" },
    html("thead", {}, html("tr", {},
      html("th", { scope: "col" }, reverse ? "reader" : "operand"),
      html("th", { scope: "col" }, reverse ? "local \u00d7 incoming" : "local \u00d7 tangent"),
      html("th", { scope: "col" }, "gives"))), body);
  if (s.seeded[n]) body.append(html("tr", {}, html("th", { scope: "row" }, "seed"), html("td", {}, "where the sweep starts"), html("td", { class: "flow" }, rows.length ? "1" : brief(node.final))));
  if (rows.length > 1) table.append(html("tfoot", {}, html("tr", {}, html("th", { scope: "row", colspan: 2 }, reverse ? "sum over readers" : "sum over operands"), html("td", { class: "flow" }, brief(play.soFar(s, n)) || "\u2013"))));
  const section = html("section", {}, head);
  if (body.childElementCount) section.append(html("h3", {}, chosen ? "Chain rule" : "Chain rule at this step"), table);
  else section.append(html("p", { class: "dim" }, node.dead ? "The output does not depend on this value." : reverse ? "Nothing flows back to this value." : "No tangent reaches this value."));
  return [section];
}

function arrays(trace: Trace, play: Play, s: State, n: number): HTMLElement[] {
  const node = trace.nodes[n];
  const made: HTMLElement[] = [];
  const add = (v: Value | undefined, title: string, kind: Role): void => {
    if (!isArray(v)) return;
    const st = v.stats;
    const figure = html("figure", {}, html("figcaption", {}, html("b", { class: kind }, title), ` ${shape(v)} ${v.dtype}`));
    const data = v.thumb && v.thumb.data.length > 1 ? heat(v, kind) : null;
    const row = html("div", { class: "pictures" });
    if (data) row.append(html("img", { src: data, alt: `Heat map of the ${title}`, class: "heat" }));
    const bars = v.thumb && v.thumb.data.length > 1 ? histogram(v, kind, 132, 54) : null;
    if (bars) row.append(bars);
    figure.append(row, html("p", { class: "dim" }, `${digits(st?.min)} to ${digits(st?.max)}, mean ${digits(st?.mean)}${st?.nonfinite ? `, ${st.nonfinite} not finite` : ""}`));
    made.push(figure);
  };
  if (s.valued[n]) add(node.value, "value", "value");
  add(play.soFar(s, n), trace.mode === "reverse" ? "gradient" : "tangent", "flow");
  return made.length ? [html("section", {}, ...made)] : [];
}

function source(trace: Trace, n: number): HTMLElement[] {
  const src = trace.nodes[n]?.src;
  const file = trace.sources[src ? src[0] : 0];
  if (!file?.lines) return [];
  const line = src ? src[1] : 0;
  let first = 1;
  let last = file.lines.length;
  while (last > 1 && file.lines[last - 1].trim() === "") last--;
  while (first < last && file.lines[first - 1].trim() === "") first++;
  if (last - first > 13) {
    first = Math.max(first, (line || first) - 6);
    last = Math.min(last, first + 12);
  }
  const list = html("ol", { class: "code", start: first, tabindex: 0, "aria-label": `Source, ${file.name}` });
  for (let i = first; i <= last; i++) {
    const text = file.lines[i - 1] ?? "";
    const row = html("li", i === line ? { class: "now", "aria-current": "true" } : {}, html("span", { class: "number", "aria-hidden": "true" }, String(i)));
    const [a, b] = src && i === line ? [src[2], src[3]] : [null, null];
    if (a !== null && b !== null && b > a) row.append(text.slice(0, a), html("mark", {}, text.slice(a, b)), text.slice(b));
    else row.append(text || " ");
    list.append(row);
  }
  return [html("section", {}, html("h3", {}, file.name), list)];
}

function counts(trace: Trace): HTMLElement {
  const { forward, reverse } = trace.counts!;
  const most = Math.max(forward, reverse, 1);
  const bar = (name: string, kind: string, v: number): HTMLElement => {
    const fill = html("span", { class: `fill ${kind}` });
    fill.style.width = `${(100 * v) / most}%`;
    return html("div", { class: "cost" }, html("span", {}, name), html("span", { class: "track" }, fill), html("span", { class: "number" }, v.toLocaleString("en")));
  };
  return html("section", {}, html("h3", {}, "Products for the whole derivative"), bar("forward mode", "value", forward), bar("reverse mode", "flow", reverse));
}
