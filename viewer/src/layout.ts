// Where the boxes of a graph stand and how its lines run: layering.py and layout.py in src/edgewise/explain, function by function.
// The idea is told there. Both use nothing but + - * /, comparisons and stable sorts, and agree bit for bit.

const GAP = 128;
const MARGIN = 24;
const LABEL_WIDTH = 64;
const LABEL_HEIGHT = 30;
const RAIL = 8;
const STRAIGHT = 8;
const NEAR = 60;
const WAYPOINTS = [0.5, 0.36, 0.64, 0.24, 0.76, 0.16, 0.84];

export type Size = readonly [number, number];
export type Link = readonly [number, number];
export interface Trunk { source: number; spans: [number, number, number][] }
export interface Branch {
  trunk: number; span: number; x0: number; y0: number; x1: number; y1: number; back: boolean; label: [number, number];
}
export interface Layout {
  width: number; height: number; x: number[]; y: number[]; trunks: Trunk[]; branches: Branch[];
}

const filled = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value);
const lists = <T>(count: number): T[][] => Array.from({ length: count }, () => []);

export function layout(sizes: readonly Size[], links: readonly Link[]): Layout {
  const count = sizes.length;
  const { ends, back, order } = withoutCycles(count, links);
  const net = new Net(count, ranks(count, ends, order), ends, back);
  const layers = arranged(net);
  const tall = net.layer.map((_, i) => (i < count ? sizes[i][1] : RAIL));
  return drawn(net, layers, sizes, tall, heights(net, layers, tall));
}

function withoutCycles(count: number, links: readonly Link[]) {
  const leaving = lists<number>(count);
  links.forEach(([a], k) => leaving[a].push(k));
  const state = filled(count, 0);
  const at = filled(count, 0);
  const back = filled(links.length, false);
  const finished: number[] = [];
  for (let root = 0; root < count; root++) {
    if (state[root]) continue;
    state[root] = 1;
    const stack = [root];
    while (stack.length) {
      const node = stack[stack.length - 1];
      if (at[node] === leaving[node].length) {
        state[node] = 2;
        finished.push(node);
        stack.pop();
        continue;
      }
      const k = leaving[node][at[node]++];
      const head = links[k][1];
      if (state[head] === 1) back[k] = true;
      else if (state[head] === 0) {
        state[head] = 1;
        stack.push(head);
      }
    }
  }
  const ends = links.map(([a, b], k): Link => (back[k] ? [b, a] : [a, b]));
  return { ends, back, order: finished.reverse() };
}

function ranks(count: number, ends: readonly Link[], order: readonly number[]): number[] {
  const readers = lists<number>(count);
  const operands = lists<number>(count);
  const seen = new Set<number>();
  for (const [a, b] of ends) {
    if (seen.has(a * count + b)) continue;
    seen.add(a * count + b);
    readers[a].push(b);
    operands[b].push(a);
  }
  const height = filled(count, 0);
  for (let i = order.length - 1; i >= 0; i--) {
    for (const reader of readers[order[i]]) height[order[i]] = Math.max(height[order[i]], height[reader] + 1);
  }
  const top = height.reduce((a, b) => Math.max(a, b), 0);
  const rank = height.map((h) => top - h);
  for (let turn = 0; turn < 4; turn++) {
    for (const node of order) {
      if (!operands[node].length) continue;
      let first = 0;
      for (const operand of operands[node]) if (operands[operand].length) first = Math.max(first, rank[operand] + 1);
      const longer = readers[node].length ? 1 : 0;
      while (rank[node] > first && shorter(node, rank, operands, readers) > longer) rank[node]--;
    }
    for (const node of order) {
      if (!operands[node].length && readers[node].length) {
        rank[node] = readers[node].reduce((least, reader) => Math.min(least, rank[reader]), Infinity) - 1;
      }
    }
  }
  const used = [...new Set(rank)].sort((a, b) => a - b);
  const column = new Map(used.map((r, i) => [r, i]));
  return rank.map((r) => column.get(r)!);
}

function shorter(node: number, rank: number[], operands: number[][], readers: number[][]): number {
  let found = 0;
  for (const operand of operands[node]) {
    const rivals = readers[operand];
    if (!operands[operand].length && rivals.length === 1) continue;
    let alone = true;
    for (let i = rivals.length - 1; i >= 0; i--) {
      if (rivals[i] !== node && rank[rivals[i]] >= rank[node]) {
        alone = false;
        break;
      }
    }
    if (alone) found++;
  }
  return found;
}

class Net {
  layer: number[];
  columns: number;
  source: number[];
  chains: number[][] = [];
  trunk: number[];
  span: number[];
  left: number[][];
  right: number[][];
  leftWeight: number[][];
  rightWeight: number[][];

  constructor(readonly count: number, rank: number[], readonly ends: readonly Link[], readonly back: boolean[]) {
    this.layer = [...rank];
    this.columns = rank.reduce((a, b) => Math.max(a, b), -1) + 1;
    this.source = rank.map((_, i) => i);
    this.trunk = filled(ends.length, 0);
    this.span = filled(ends.length, 0);
    const leaving = lists<number>(count);
    const hasOperand = filled(count, false);
    ends.forEach(([a, b], k) => {
      leaving[a].push(k);
      hasOperand[b] = true;
    });
    const bundles: number[][] = [];
    for (let node = 0; node < count; node++) {
      const together = leaving[node].filter((k) => !back[k]);
      if (together.length) bundles.push(together);
      for (const k of leaving[node]) if (back[k]) bundles.push([k]);
    }
    const segments: [number, number, number][] = [];
    for (const bundle of bundles) {
      const node = ends[bundle[0]][0];
      const far = bundle.reduce((most, k) => Math.max(most, rank[ends[k][1]]), 0);
      const chain = [node];
      for (let column = rank[node] + 1; column < far; column++) {
        const point = this.layer.length;
        segments.push([chain[chain.length - 1], point, 8]);
        chain.push(point);
        this.layer.push(column);
        this.source.push(node);
      }
      const weight = !hasOperand[node] ? 1 : bundle.length === 1 ? 4 : 2;
      for (const k of bundle) {
        this.trunk[k] = this.chains.length;
        this.span[k] = rank[ends[k][1]] - rank[node] - 1;
        segments.push([chain[this.span[k]], ends[k][1], weight]);
      }
      this.chains.push(chain);
    }
    this.left = lists(this.layer.length);
    this.right = lists(this.layer.length);
    this.leftWeight = lists(this.layer.length);
    this.rightWeight = lists(this.layer.length);
    for (const [a, b, weight] of segments) {
      this.right[a].push(b);
      this.rightWeight[a].push(weight);
      this.left[b].push(a);
      this.leftWeight[b].push(weight);
    }
  }
}

function arranged(net: Net): number[][] {
  const rounds = net.layer.length <= 800 ? 10 : net.layer.length <= 20_000 ? 5 : 2;
  let best: number[][] = [];
  let fewest = -1;
  for (const start of [() => walk(net, net.left, net.right), () => walk(net, net.right, net.left), () => asRecorded(net)]) {
    const layers = start();
    const place = filled(net.layer.length, 0);
    for (const column of layers) number(column, place);
    for (let turn = 0; turn < rounds; turn++) {
      if (turn % 2 === 0) for (let i = 1; i < layers.length; i++) byMean(layers[i], net.left, place);
      else for (let i = layers.length - 2; i >= 0; i--) byMean(layers[i], net.right, place);
      for (const column of layers) swapNeighbours(net, column, place);
      const crossed = crossings(net, layers, place);
      if (fewest < 0 || crossed < fewest) {
        fewest = crossed;
        best = layers.map((column) => [...column]);
      }
      if (crossed === 0) return best;
    }
  }
  return best;
}

function walk(net: Net, onward: number[][], backward: number[][]): number[][] {
  const layers = lists<number>(net.columns);
  const seen = filled(net.layer.length, false);
  const all = net.layer.map((_, i) => i);
  for (const root of [...all.filter((i) => !backward[i].length), ...all]) {
    const stack = [root];
    while (stack.length) {
      const item = stack.pop()!;
      if (seen[item]) continue;
      seen[item] = true;
      layers[net.layer[item]].push(item);
      for (let i = onward[item].length - 1; i >= 0; i--) stack.push(onward[item][i]);
    }
  }
  return layers;
}

function asRecorded(net: Net): number[][] {
  const layers = lists<number>(net.columns);
  const items = net.layer.map((_, i) => i).sort((a, b) => net.source[a] - net.source[b]);
  for (const item of items) layers[net.layer[item]].push(item);
  return layers;
}

function number(column: number[], place: number[]): void {
  for (let i = 0; i < column.length; i++) place[column[i]] = i;
}

function byMean(column: number[], near: number[][], place: number[]): void {
  const slots: number[] = [];
  const mean = new Map<number, number>();
  column.forEach((item, i) => {
    if (!near[item].length) return;
    slots.push(i);
    mean.set(item, near[item].reduce((sum, other) => sum + place[other], 0) / near[item].length);
  });
  const sorted = slots.map((i) => column[i]).sort((a, b) => mean.get(a)! - mean.get(b)!);
  slots.forEach((slot, i) => { column[slot] = sorted[i]; });
  number(column, place);
}

function swapNeighbours(net: Net, column: number[], place: number[]): void {
  for (let i = 0; i < column.length - 1; i++) {
    const upper = column[i];
    const lower = column[i + 1];
    let change = 0;
    for (const near of [net.left, net.right]) {
      for (const a of near[upper]) {
        for (const b of near[lower]) change += (place[a] > place[b] ? 1 : 0) - (place[a] < place[b] ? 1 : 0);
      }
    }
    if (change > 0) {
      column[i] = lower;
      column[i + 1] = upper;
      place[upper] = i + 1;
      place[lower] = i;
    }
  }
}

function crossings(net: Net, layers: number[][], place: number[]): number {
  let total = 0;
  for (let c = 0; c + 1 < layers.length; c++) {
    const size = layers[c + 1].length;
    const tree = filled(size + 1, 0);
    let above = 0;
    for (const item of layers[c]) {
      const targets = net.right[item].map((other) => place[other]).sort((a, b) => a - b);
      for (const target of targets) {
        let passed = 0;
        for (let i = target + 1; i > 0; i &= i - 1) passed += tree[i];
        total += above - passed;
      }
      for (const target of targets) {
        for (let i = target + 1; i <= size; i += i & -i) tree[i]++;
        above++;
      }
    }
  }
  return total;
}

function apart(net: Net, tall: number[], upper: number, lower: number): number {
  const rails = (upper >= net.count ? 1 : 0) + (lower >= net.count ? 1 : 0);
  return (tall[upper] + tall[lower]) / 2 + (rails === 0 ? 22 : rails === 1 ? 16 : 8);
}

function heights(net: Net, layers: number[][], tall: number[]): number[] {
  const y = filled(net.layer.length, 0);
  for (const column of layers) {
    for (let i = 1; i < column.length; i++) y[column[i]] = y[column[i - 1]] + apart(net, tall, column[i - 1], column[i]);
  }
  const mean = filled(y.length, 0);
  const long = filled(y.length, false);
  for (let turn = 0; turn < 14; turn++) {
    for (const chain of net.chains) {
      if (chain.length <= STRAIGHT) continue;
      let total = 0;
      for (let i = 1; i < chain.length; i++) total += y[chain[i]];
      for (let i = 1; i < chain.length; i++) {
        mean[chain[i]] = total / (chain.length - 1);
        long[chain[i]] = true;
      }
    }
    for (const column of turn % 2 === 0 ? layers : [...layers].reverse()) {
      const wanted: number[] = [];
      const weights: number[] = [];
      for (const item of column) {
        if (long[item]) {
          wanted.push(mean[item]);
          weights.push(16);
          continue;
        }
        let total = 0;
        let weight = 0;
        net.left[item].forEach((other, i) => {
          if (turn % 2 !== 0 && turn < 10 && !long[other]) return;
          total += net.leftWeight[item][i] * y[other];
          weight += net.leftWeight[item][i];
        });
        if (turn % 2 === 1 || turn >= 10) {
          net.right[item].forEach((other, i) => {
            total += net.rightWeight[item][i] * y[other];
            weight += net.rightWeight[item][i];
          });
        }
        wanted.push(weight > 0 ? total / weight : y[item]);
        weights.push(weight > 0 ? weight : 0.5);
      }
      settle(net, column, tall, wanted, weights, y);
    }
  }
  return y;
}

function settle(net: Net, column: number[], tall: number[], wanted: number[], weights: number[], y: number[]): void {
  let offset = 0;
  const offsets: number[] = [];
  const blocks: [number, number, number][] = [];
  for (let i = 0; i < column.length; i++) {
    if (i > 0) offset += apart(net, tall, column[i - 1], column[i]);
    offsets.push(offset);
    let mean = wanted[i] - offset;
    let weight = weights[i];
    let members = 1;
    while (blocks.length && blocks[blocks.length - 1][0] >= mean) {
      const [other, otherWeight, otherMembers] = blocks.pop()!;
      mean = (other * otherWeight + mean * weight) / (otherWeight + weight);
      weight += otherWeight;
      members += otherMembers;
    }
    blocks.push([mean, weight, members]);
  }
  let i = 0;
  for (const [mean, , members] of blocks) {
    for (let m = 0; m < members; m++, i++) y[column[i]] = mean + offsets[i];
  }
}

function drawn(net: Net, layers: number[][], sizes: readonly Size[], tall: number[], free: number[]): Layout {
  let top = free.length ? Infinity : 0;
  let bottom = free.length ? -Infinity : 0;
  free.forEach((v, i) => {
    top = Math.min(top, v - tall[i] / 2);
    bottom = Math.max(bottom, v + tall[i] / 2);
  });
  const y = free.map((v) => v - top + MARGIN);
  const lefts: number[] = [];
  const rights: number[] = [];
  let edge = MARGIN;
  for (const column of layers) {
    lefts.push(edge);
    edge += column.reduce((most, i) => (i < net.count ? Math.max(most, sizes[i][0]) : most), 0);
    rights.push(edge);
    edge += GAP;
  }
  const x = sizes.map((_, i) => (lefts[net.layer[i]] + rights[net.layer[i]]) / 2);
  const trunks = net.chains.map((chain): Trunk => ({
    source: chain[0],
    spans: chain.slice(1).map((p) => [lefts[net.layer[p]], rights[net.layer[p]], y[p]]),
  }));
  const arriving = lists<number>(net.count);
  net.ends.forEach(([, b], k) => arriving[b].push(k));
  const port = filled(net.ends.length, 0);
  const from = (k: number): number => net.chains[net.trunk[k]][net.span[k]];
  for (let node = 0; node < net.count; node++) {
    const ks = [...arriving[node]].sort((a, b) => y[from(a)] - y[from(b)]);
    const step = Math.min(20, (sizes[node][1] - 16) / Math.max(ks.length, 1));
    ks.forEach((k, i) => { port[k] = y[node] + (i - (ks.length - 1) / 2) * step; });
  }
  const placed = lists<[number, number]>(layers.length);
  const branches = net.ends.map(([, b], k): Branch => {
    const point = from(k);
    const x0 = point < net.count ? x[point] + sizes[point][0] / 2 : rights[net.layer[point]];
    return { trunk: net.trunk[k], span: net.span[k], x0, y0: y[point], x1: x[b] - sizes[b][0] / 2, y1: port[k], back: net.back[k], label: [0, 0] };
  });
  const steep = branches.map(({ y0, y1 }) => Math.abs(y1 - y0));
  for (const k of branches.map((_, i) => i).sort((a, b) => steep[a] - steep[b])) {
    const { x0, y0, x1, y1 } = branches[k];
    branches[k].label = place(x0, y0, x1, y1, placed[net.layer[net.ends[k][1]]]);
  }
  const width = Math.max(edge - GAP, MARGIN) + MARGIN;
  return { width, height: bottom - top + 2 * MARGIN, x, y: y.slice(0, net.count), trunks, branches };
}

function place(x0: number, y0: number, x1: number, y1: number, placed: [number, number][]): [number, number] {
  let found: [number, number] = [x0, y0];
  let most = -1;
  for (const t of WAYPOINTS) {
    const s = 1 - t;
    const px = s * s * s * x0 + ((3 * s * t * (x0 + x1)) / 2) + t * t * t * x1;
    const py = s * s * (s + 3 * t) * y0 + t * t * (t + 3 * s) * y1;
    let clear = 1;
    for (const [qx, qy] of placed.slice(-NEAR)) clear = Math.min(clear, Math.max(Math.abs(px - qx) / LABEL_WIDTH, Math.abs(py - qy) / LABEL_HEIGHT));
    if (clear > most) {
      found = [px, py];
      most = clear;
    }
  }
  placed.push(found);
  return found;
}
