// Elements are made by name and get their text as text: nothing is ever parsed as markup.

type Attributes = Record<string, string | number | undefined>;

export function html<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: (Node | string)[]): E {
  for (const name in attributes) if (attributes[name] !== undefined) element.setAttribute(name, String(attributes[name]));
  if (children.length) element.append(...children);
  return element;
}

/** About how wide a text is at font size 1: the fonts of readers differ, so this keeps a little in reserve. */
export function textWidth(text: string): number {
  let width = 0;
  for (const c of text) width += "ijl.,:;|'!()[] ".includes(c) ? 0.34 : "mwMW@%".includes(c) ? 0.92 : c >= "A" && c <= "Z" ? 0.7 : 0.57;
  return width;
}

export function fit(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 0.9;
  for (const c of text) {
    used += textWidth(c);
    if (used > width) break;
    kept += c;
  }
  return `${kept.trimEnd()}\u2026`;
}

const ICONS = {
  first: "M4 3v10M13 3L6 8l7 5z",
  back: "M11 3L4 8l7 5z",
  play: "M5 2.5l8 5.5-8 5.5z",
  pause: "M5 3h2v10H5zM9.5 3h2v10h-2z",
  next: "M5 3l7 5-7 5z",
  last: "M12 3v10M3 3l7 5-7 5z",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  groups: "M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z",
  theme: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
  help: "M5.7 6a2.3 2.3 0 1 1 3.4 2.1c-.8.4-1.1.8-1.1 1.6M8 12.3v.4",
  find: "M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM10 10l3.5 3.5",
};
const SOLID = new Set(["back", "play", "pause", "next", "first", "last"]);
export type Icon = keyof typeof ICONS;

export function icon(name: Icon): SVGSVGElement {
  const path = svg("path", { d: ICONS[name], fill: SOLID.has(name) ? "currentColor" : "none", stroke: "currentColor", "stroke-width": 1.6, "stroke-linejoin": "round", "stroke-linecap": "round" });
  return svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, path);
}

export function button(name: Icon, label: string, act: () => void, key = ""): HTMLButtonElement {
  const made = html("button", { type: "button", "aria-label": label, title: key ? `${label} (${key})` : label, class: "icon" }, icon(name));
  made.addEventListener("click", act);
  return made;
}
