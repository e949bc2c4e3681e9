// The graph as it is drawn: values of closed groups stand together in one box, links between boxes are bundled.

import type { Trace } from "./trace";

export interface Box { node: number; group: number; members: number[] } // node or group is -1
export interface Bundle { from: number; to: number; edges: number[] }
export interface Boxes { boxes: Box[]; bundles: Bundle[]; boxOf: number[]; bundleOf: number[] }

/** The box of each node under the given open groups; a group of one value is never closed. */
export function boxesOf(trace: Trace, open: ReadonlySet<number>): Boxes {
  const { nodes, edges, groups } = trace;
  const boxes: Box[] = [];
  const boxOf: number[] = [];
  const ofGroup = new Map<number, number>();
  nodes.forEach((node, i) => {
    let closed = -1;
    for (let g = node.group; g >= 0; g = groups[g].parent) if (!open.has(g) && groups[g].members > 1) closed = g;
    const known = closed >= 0 ? ofGroup.get(closed) : undefined;
    if (known !== undefined) {
      boxes[known].members.push(i);
      boxOf.push(known);
      return;
    }
    if (closed >= 0) ofGroup.set(closed, boxes.length);
    boxOf.push(boxes.length);
    boxes.push({ node: closed >= 0 ? -1 : i, group: closed, members: [i] });
  });
  const bundles: Bundle[] = [];
  const bundleOf: number[] = [];
  const known = new Map<number, number>();
  edges.forEach((edge, k) => {
    const a = boxOf[edge.from];
    const b = boxOf[edge.to];
    if (a === b) {
      bundleOf.push(-1);
      return;
    }
    const plain = boxes[a].group < 0 && boxes[b].group < 0; // a * a keeps its two lines
    const key = a * boxes.length + b;
    const index = plain ? undefined : known.get(key);
    if (index !== undefined) bundles[index].edges.push(k);
    else {
      if (!plain) known.set(key, bundles.length);
      bundles.push({ from: a, to: b, edges: [k] });
    }
    bundleOf.push(index ?? bundles.length - 1);
  });
  return { boxes, bundles, boxOf, bundleOf };
}

/** Groups opened a whole level at a time, for as long as the drawing stays small. */
export function openAtFirst(trace: Trace): Set<number> {
  const deepest = trace.groups.reduce((most, g) => Math.max(most, g.depth), -1);
  let open = new Set<number>();
  for (let depth = 0; depth <= deepest; depth++) {
    const wider = new Set(open);
    trace.groups.forEach((g, i) => { if (g.depth === depth) wider.add(i); });
    const { boxes, bundles } = boxesOf(trace, wider);
    if (boxes.length > 120 || bundles.length > 240) break;
    open = wider;
  }
  return open;
}
