// What is known after so many steps. Recomputed from the start each time: 6 000 steps take less than a millisecond, and
// nothing has to be undone.

import { isArray, toNumber, type Trace, type Value } from "./trace";

export interface State {
  at: number;
  valued: Uint8Array; // nodes whose value is there
  part: Uint16Array; // contributions that have arrived at a node
  whole: Uint8Array; // nodes to which nothing more will come
  seeded: Uint8Array;
  flowed: Uint8Array; // edges along which something has flowed
  sum: Float64Array; // what has arrived so far, for scalars
  node: number; // the node of the current step, or -1
  edge: number; // the edge of the current step, or -1
}

export class Play {
  readonly due: Uint16Array; // contributions that a node gets in all

  constructor(readonly trace: Trace) {
    this.due = new Uint16Array(trace.nodes.length);
    for (const [kind, id] of trace.steps) if (kind === "b" || kind === "t") this.due[this.goal(kind, id)]++;
  }

  /** The node at which a contribution arrives. */
  goal(kind: string, edge: number): number {
    return kind === "b" ? this.trace.edges[edge].from : this.trace.edges[edge].to;
  }

  state(at: number): State {
    const { nodes, edges, steps } = this.trace;
    const s: State = {
      at, valued: new Uint8Array(nodes.length), part: new Uint16Array(nodes.length), whole: new Uint8Array(nodes.length),
      seeded: new Uint8Array(nodes.length), flowed: new Uint8Array(edges.length), sum: new Float64Array(nodes.length),
      node: -1, edge: -1,
    };
    for (let i = 0; i < at; i++) {
      const [kind, id] = steps[i];
      s.edge = -1;
      if (kind === "f") s.valued[(s.node = id)] = 1;
      else if (kind === "s") {
        s.seeded[(s.node = id)] = 1;
        if (this.due[id] === 0) s.whole[id] = 1;
        const seed = nodes[id].final;
        s.sum[id] += this.due[id] === 0 && seed !== undefined && !isArray(seed) ? toNumber(seed) : 1;
      } else {
        s.flowed[(s.edge = id)] = 1;
        const goal = (s.node = this.goal(kind, id));
        const contrib = edges[id].contrib;
        if (contrib !== undefined && !isArray(contrib)) s.sum[goal] += toNumber(contrib);
        if (++s.part[goal] === this.due[goal]) s.whole[goal] = 1;
      }
    }
    return s;
  }

  /** The derivative at a node so far: the recorded one once it is whole, before that the running sum. */
  soFar(s: State, node: number): Value | undefined {
    if (!s.seeded[node] && s.part[node] === 0) return undefined;
    const final = this.trace.nodes[node].final;
    return s.whole[node] || isArray(final) ? final : s.sum[node];
  }
}
