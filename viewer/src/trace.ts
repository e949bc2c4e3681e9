// The trace as it comes (schema edgewise.trace/1), checked: ids become indexes into arrays and nothing else, and every
// string is shortened and cleaned before it is shown. No object is ever keyed by a string of the user's.

export interface Array_ {
  shape: number[];
  dtype: string;
  stats: { min: Num | null; max: Num | null; mean: Num | null; nonfinite: number };
  hist?: { lo: Num; hi: Num; n: number[] };
  thumb?: { rows: number; cols: number; data: Num[] };
  data?: Num[];
}
export type Num = number | "NaN" | "Infinity" | "-Infinity";
export type Value = Num | Array_;

export interface Node_ {
  op: string;
  name: string;
  named: boolean;
  label: string;
  text: string;
  input: boolean;
  output: boolean;
  dead: boolean;
  value: Value;
  final?: Value; // the adjoint, or in forward mode the tangent
  group: number;
  src?: [number, number, number | null, number | null];
  in: number[]; // edges that arrive
  out: number[]; // edges that leave
}
export interface Edge { from: number; to: number; partial?: Value; expr: string; contrib?: Value }
export interface Group { label: string; parent: number; kind: string; members: number; depth: number }
export type Step = [kind: "f" | "s" | "b" | "t", id: number];
export interface Trace {
  title: string;
  note: string;
  mode: "reverse" | "forward";
  sources: { name: string; lines: string[] | null }[];
  nodes: Node_[];
  edges: Edge[];
  groups: Group[];
  outputs: number[];
  steps: Step[];
  turn: number; // how many steps compute values, before derivatives flow
  counts: { inputs: number; outputs: number; forward: number; reverse: number } | null;
}

/** Control, bidirectional and line-separating characters show as a box; long strings are cut. */
export function clean(text: unknown, most = 2000): string {
  const shown = String(text ?? "").replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, "\u25a1");
  return shown.length > most ? `${shown.slice(0, most - 1)}\u2026` : shown;
}

export const isArray = (v: Value | undefined): v is Array_ => typeof v === "object" && v !== null;

export function toNumber(v: Num | null | undefined): number {
  return typeof v === "number" ? v : v === "Infinity" ? Infinity : v === "-Infinity" ? -Infinity : NaN;
}

/** Four digits, a true minus sign, no padding: 6, 0.3679, −4.688e−4. */
export function digits(v: Num | null | undefined): string {
  const x = toNumber(v);
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "\u2212inf";
  const size = Math.abs(x);
  const written =
    Number.isInteger(x) && size < 1e6 ? String(size)
    : size >= 1e6 || size < 1e-3 ? size.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e")
    : String(Number(size.toPrecision(4)));
  return (x < 0 ? "\u2212" : "") + written.replace("-", "\u2212");
}

export function shape(a: Array_): string {
  return a.shape.length === 1 ? `(${a.shape[0]},)` : `(${a.shape.join(", ")})`; // as NumPy writes it: a bare 3 would be a value
}

/** A value in a few characters. */
export function brief(v: Value | undefined): string {
  if (v === undefined || v === null) return "";
  if (!isArray(v)) return digits(v);
  if (v.data && v.data.length === 1) return `[${digits(v.data[0])}]`;
  return shape(v);
}

/** A value in a sentence. */
export function spoken(v: Value | undefined): string {
  if (!isArray(v)) return brief(v);
  if (v.data && v.data.length <= 4) return `[${v.data.map(digits).join(", ")}]`;
  return `an array ${shape(v)}`;
}

class Bad extends Error {}

/** Long lists come as columns, one for each field (explain/packing.py); texts then stand once, in a list of their own. */
function rows(columns: any, strings: unknown[]): any[] {
  const made: any[] = [];
  for (const [field, cells] of Object.entries<any>(columns)) {
    cells.forEach((cell: unknown, i: number) => {
      made[i] ??= {};
      if (cell !== null) made[i][field] = TEXTS.includes(field) ? strings[cell as number] : cell;
    });
  }
  return made;
}
const TEXTS = ["op", "label", "name", "text", "expr"];

export function read(json: string): Trace {
  const raw = JSON.parse(json);
  if (raw?.schema !== "edgewise.trace/1") throw new Bad(`This page reads traces of schema edgewise.trace/1, not ${clean(raw?.schema, 80)}.`);
  const list = (v: any): any[] => (Array.isArray(v) ? v : v?.columns ? rows(v.columns, list(raw.strings)) : []);
  const id = (v: unknown, below: number, what: string): number => {
    if (!Number.isInteger(v) || (v as number) < 0 || (v as number) >= below) throw new Bad(`The trace names ${what} ${clean(v, 40)}, which it does not have.`);
    return v as number;
  };
  const mode = raw.mode === "forward" ? "forward" : "reverse";
  const rawNodes = list(raw.nodes);
  const rawGroups = list(raw.groups);
  const groups: Group[] = [];
  rawGroups.forEach((g, i) => {
    const parent = g.parent === null || g.parent === undefined ? -1 : id(g.parent, i, "group");
    groups.push({ label: clean(g.label), parent, kind: clean(g.kind), members: 0, depth: parent < 0 ? 0 : groups[parent].depth + 1 });
  });
  const sources = list(raw.sources).map((s) => ({
    name: clean(s.name),
    lines: typeof s.text === "string" ? s.text.split(/\r\n|\r|\n/).map((line: string) => clean(line.replace(/\t/g, "    "), 400)) : null,
  }));
  const nodes = rawNodes.map((n, i): Node_ => {
    const group = n.group === undefined || n.group === null ? -1 : id(n.group, groups.length, "group");
    for (let g = group; g >= 0; g = groups[g].parent) groups[g].members++;
    const src = Array.isArray(n.src) && sources[n.src[0]] && Number.isInteger(n.src[1]) ? n.src : undefined;
    const label = clean(n.label);
    return {
      op: clean(n.op), name: clean(n.name ?? `v${i + 1}`), named: n.named ?? (n.op === "input" || n.name !== undefined), label,
      text: clean(n.text ?? n.label), input: n.op === "input", output: false, dead: n.dead === true,
      value: n.value, final: mode === "forward" ? n.tangent : n.adjoint, group, src, in: [], out: [],
    };
  });
  // Several values of one expression (a mean is a sum and a division): there the operation tells more than the source.
  const places = new Map<string, Node_[]>();
  for (const node of nodes) if (node.src) places.set(node.src.join(), [...(places.get(node.src.join()) ?? []), node]);
  for (const same of places.values()) if (same.length > 1) for (const node of same) node.text = node.label;
  const edges = list(raw.edges).map((e, i): Edge => {
    const from = id(e.from, nodes.length, "value");
    const to = id(e.to, nodes.length, "value");
    nodes[from].out.push(i);
    nodes[to].in.push(i);
    return { from, to, partial: e.partial, expr: clean(e.expr), contrib: e.contrib };
  });
  const outputs = list(raw.outputs).map((o) => id(o, nodes.length, "value"));
  for (const o of outputs) nodes[o].output = true;
  let steps: Step[] = list(raw.steps)
    .filter((s) => Array.isArray(s) && ["f", "s", "b", "t"].includes(s[0]))
    .map((s): Step => [s[0], id(s[1], s[0] === "b" || s[0] === "t" ? edges.length : nodes.length, "step")]);
  if (!steps.length) {
    steps = nodes.map((_, i): Step => ["f", i]);
    if (mode === "reverse") {
      for (const o of outputs) steps.push(["s", o]);
      for (let i = nodes.length - 1; i >= 0; i--) for (const k of nodes[i].in) if (edges[k].contrib !== undefined || nodes[i].final !== undefined) steps.push(["b", k]);
    } else {
      for (const i of list(raw.inputs)) if (nodes[i]?.final !== undefined) steps.push(["s", i]);
      for (const node of nodes) for (const k of node.in) if (edges[k].contrib !== undefined) steps.push(["t", k]);
    }
  }
  for (const [kind, k] of steps) {
    // A scalar contribution that was left out follows from its two factors.
    if (kind !== "b" && kind !== "t") continue;
    const e = edges[k];
    const factor = nodes[kind === "b" ? e.to : e.from].final;
    if (e.contrib === undefined && e.partial !== undefined && factor !== undefined && !isArray(e.partial) && !isArray(factor)) {
      e.contrib = toNumber(e.partial) * toNumber(factor);
    }
  }
  const turn = steps.findIndex(([kind]) => kind !== "f");
  const c = raw.counts;
  return {
    title: clean(raw.title, 300), note: clean(raw.note), mode, sources, nodes, edges, groups, outputs, steps,
    turn: turn < 0 ? steps.length : turn,
    counts: c && Number.isFinite(c.forward_mults) && Number.isFinite(c.reverse_mults)
      ? { inputs: Number(c.inputs), outputs: Number(c.outputs), forward: c.forward_mults, reverse: c.reverse_mults } : null,
  };
}
