// Small pictures of arrays: a heat map (grey below zero, colour above) and a histogram.

import { svg } from "./dom";
import { toNumber, type Array_ } from "./trace";

export type Role = "value" | "flow";
const COLOUR = { value: [11, 99, 168], flow: [196, 84, 8] };

/** A heat map as a PNG data address, one pixel for each cell; null where there is nothing to show. */
export function heat(array: Array_, role: Role): string | null {
  const thumb = array.thumb;
  if (!thumb || !(thumb.rows > 0 && thumb.rows <= 64 && thumb.cols > 0 && thumb.cols <= 64)) return null;
  const canvas = document.createElement("canvas");
  canvas.width = thumb.cols;
  canvas.height = thumb.rows;
  const context = canvas.getContext("2d");
  if (!context) return null;
  const data = thumb.data.map(toNumber);
  const most = data.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0) || 1;
  const image = context.createImageData(thumb.cols, thumb.rows);
  for (let i = 0; i < thumb.rows * thumb.cols; i++) {
    const v = data[i];
    const [r, g, b] = !Number.isFinite(v) ? [214, 0, 90] : v >= 0 ? COLOUR[role] : [58, 64, 74];
    const strength = Number.isFinite(v) ? Math.abs(v) / most : 1;
    image.data.set([244 + (r - 244) * strength, 244 + (g - 244) * strength, 242 + (b - 242) * strength, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

export function histogram(array: Array_, role: Role, width: number, height: number): SVGSVGElement | null {
  const n = array.hist?.n;
  if (!n?.length || n.length > 200) return null;
  const most = Math.max(...n, 1);
  const step = width / n.length;
  const bars = n.map((count, i) => {
    const tall = (count / most) * (height - 2);
    return `M${(i * step).toFixed(1)} ${height}v${(-tall).toFixed(1)}h${(step - 1).toFixed(1)}v${tall.toFixed(1)}z`;
  });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", class: `hist ${role}` }, svg("path", { d: bars.join("") }), svg("path", { d: `M0 ${height - 0.5}h${width}`, class: "base" }));
}
