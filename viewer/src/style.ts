// Colours and forms. Values are blue, derivatives are orange, what is chosen is ink with a double ring; nothing is told
// by colour alone: arrows turn round, outlines are dashed until a value is there. Contrast on all grounds is 4.5 or more.

const DARK = `
  --ground: #0f1216; --raised: #171b21; --sunk: #12161b; --ink: #e8ebef; --dim: #a3abb6; --rule: #2b323b; --edge: #667180;
  --value: #6cb8f5; --value-tint: #13283a; --flow: #f59a56; --flow-tint: #38220f; --mark: #3b3410;
  color-scheme: dark;`;

export const PAGE_STYLE = "html,body{margin:0;height:100%}";

export const STYLE = `
:host {
  --ground: #ffffff; --raised: #ffffff; --sunk: #f6f7f9; --ink: #15191e; --dim: #59626e; --rule: #dfe3e8; --edge: #8a94a1;
  --value: #0b63a8; --value-tint: #e9f3fb; --flow: #b34700; --flow-tint: #fdefe4; --mark: #fff1b8;
  color-scheme: light; display: block; height: 100%; container-type: inline-size;
}
@media (prefers-color-scheme: dark) { :host(:not([data-theme="light"])) { ${DARK} } }
:host([data-theme="dark"]) { ${DARK} }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.page {
  display: grid; height: 100vh; height: 100dvh; min-height: 560px; background: var(--ground); color: var(--ink);
  font: 14px/1.45 Inter, "Helvetica Neue", "Segoe UI", "Liberation Sans", Arial, sans-serif;
  grid-template: "top top" auto "stage side" minmax(0, 1fr) "bar side" auto "trace side" minmax(96px, 33%) / minmax(0, 1fr) 344px;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3, p, dl, dd, figure, ol { margin: 0; }
h1 { font-size: 17px; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 16px; font-weight: 650; overflow-wrap: anywhere; }
h2 span { font-weight: 400; font-size: 14px; }
h3 { font-size: 12px; font-weight: 600; color: var(--dim); margin-bottom: 6px; letter-spacing: 0.01em; }
.dim { color: var(--dim); }
.value { color: var(--value); }
.flow { color: var(--flow); }

.top { grid-area: top; display: flex; align-items: center; flex-wrap: wrap; gap: 6px 14px; padding: 10px 16px; border-bottom: 1px solid var(--rule); }
.top .about { color: var(--dim); font-size: 13px; margin-right: auto; }
.search { display: flex; align-items: center; gap: 6px; border: 1px solid var(--rule); border-radius: 8px; padding: 0 8px; height: 32px; color: var(--dim); background: var(--sunk); }
.search input { border: 0; background: none; color: var(--ink); font: inherit; width: 132px; outline: none; }
.search input::placeholder { color: var(--dim); opacity: 1; }
.search:focus-within { outline: 2px solid var(--ink); outline-offset: 1px; }
.search .hits { font-size: 12px; min-width: 0; }

button, select { font: inherit; color: var(--ink); background: var(--raised); border: 1px solid var(--rule); border-radius: 8px; height: 32px; padding: 0 10px; cursor: pointer; }
button.icon { width: 34px; padding: 0; display: inline-grid; place-items: center; }
button:hover, select:hover { border-color: var(--edge); }
button:disabled { color: var(--edge); cursor: default; }
:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
button.main { background: var(--ink); color: var(--ground); border-color: var(--ink); width: 40px; }
button.phase { font-weight: 600; }
button.quiet { height: auto; padding: 5px 10px; font-size: 13px; text-align: left; overflow-wrap: anywhere; }

.stage { grid-area: stage; position: relative; overflow: hidden; min-height: 0; background: var(--sunk); }
.graph { position: absolute; inset: 0; width: 100%; height: 100%; cursor: grab; touch-action: pan-y; display: block; }
.graph.dragging { cursor: grabbing; }
.tools { position: absolute; top: 10px; right: 10px; display: flex; gap: 6px; }
.map { position: absolute; left: 10px; bottom: 10px; background: var(--raised); border: 1px solid var(--rule); border-radius: 8px; overflow: hidden; line-height: 0; cursor: pointer; }
.map .all { fill: var(--edge); }
.map .view { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.map .here { fill: var(--flow); }

text { font-family: inherit; fill: var(--ink); }
.title { font-size: 13.5px; font-weight: 650; }
.middle, .count { text-anchor: middle; }
.count { font-size: 12px; fill: var(--dim); }
.side { font-size: 11.5px; }
text.side { fill: var(--dim); text-anchor: end; }
.box { cursor: pointer; outline: none; }
.card { fill: var(--raised); stroke: var(--edge); stroke-width: 1.25; }
.box.on .card { stroke: var(--value); }
.box:is(.whole, .some) .card { stroke: var(--flow); }
.box.waiting .card { stroke-dasharray: 4 4; fill: none; }
.box.waiting .title { fill: var(--dim); }
.box.output .card { stroke-width: 2; }
.cell { fill: none; }
.on .cell.left { fill: var(--value-tint); }
.some .cell.right, .whole .cell.right { fill: var(--flow-tint); }
.box .rule { stroke: var(--rule); fill: none; }
.box.waiting .rule { display: none; }
.box .value, .box .flow { font-size: 14px; font-weight: 600; }
.box .long { font-size: 12px; }
.box .value { fill: var(--value); }
.box .flow { fill: var(--flow); text-anchor: end; }
.box.waiting .value, .box.waiting .pictures .value, .box:not(.some, .whole) .pictures .flow { display: none; }
.box.dead { opacity: 0.75; }
image { image-rendering: pixelated; }
.box.now .card { stroke-width: 2.75; }
.group .under { opacity: 0.8; }
.bar { stroke-width: 4; stroke-linecap: round; fill: none; }
.bar.all { stroke: var(--rule); }
.bar.done { stroke: var(--value); }
.some .bar.done, .whole .bar.done { stroke: var(--flow); }
.box:focus-visible .card { stroke: var(--ink); stroke-width: 2.5; }
.box.found .card { stroke: var(--ink); stroke-width: 2.5; stroke-dasharray: 2 3; }
.ring { fill: none; stroke: var(--ink); stroke-width: 2.25; pointer-events: none; }

.line { fill: none; stroke: var(--rule); stroke-width: 1.5; }
.line.ready { stroke: var(--value); }
.line.flowed { stroke: var(--flow); stroke-width: 1.75; }
.line.now { stroke-width: 3; }
.line.now:not(.trunk) { stroke-dasharray: 7 5; animation: run 0.7s linear infinite; }
.backward .line.now:not(.trunk) { animation-direction: reverse; }
@keyframes run { to { stroke-dashoffset: -12; } }
.arrow { fill: var(--rule); }
.arrow.ready { fill: var(--value); }
.arrow.flowed { fill: var(--flow); }
.arrow.off { display: none; }
.label { text-anchor: middle; font-size: 12px; }
.label.idle, .label.now { display: none; }
.label .plate { fill: var(--sunk); }
.label .partial { fill: var(--dim); }
.label .flow { fill: var(--flow); font-weight: 650; }
.label.ready .two, .label.ready .flow, .label.flowed .one { display: none; }
.current { pointer-events: none; }
.current text { text-anchor: middle; font-size: 13.5px; font-weight: 600; white-space: pre; }
.current .pill { fill: var(--raised); stroke: var(--flow); stroke-width: 1.75; }
.current .flow { fill: var(--flow); }
.current .sign { fill: var(--dim); font-weight: 400; }
.far .label, .far .side, .far .box .rule { display: none; }
.tiny .box text, .tiny .cell, .tiny .arrow { display: none; }
.tiny .box.on .card { fill: var(--value); }
.tiny .box:is(.whole, .some) .card { fill: var(--flow); }

.bar-area { grid-area: bar; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); padding: 10px 16px; background: var(--raised); display: grid; gap: 8px; }
.controls { display: flex; align-items: center; gap: 8px; flex-wrap: wrap; }
.slider { flex: 1 1 160px; min-width: 120px; height: 32px; margin: 0; appearance: none; background: none; cursor: pointer; border-radius: 8px; }
.slider::-webkit-slider-runnable-track { height: 6px; border-radius: 3px; background: var(--fill); }
.slider::-moz-range-track { height: 6px; border-radius: 3px; background: var(--fill); }
.slider::-webkit-slider-thumb { appearance: none; width: 18px; height: 18px; margin-top: -6px; border-radius: 50%; background: var(--raised); border: 5px solid var(--ink); }
.slider::-moz-range-thumb { width: 8px; height: 8px; border-radius: 50%; background: var(--raised); border: 5px solid var(--ink); }
.slider:focus-visible { outline: none; }
.slider:focus-visible::-webkit-slider-thumb { outline: 2px solid; outline-offset: 2px; }
.slider:focus-visible::-moz-range-thumb { outline: 2px solid; outline-offset: 2px; }
.count-of { color: var(--dim); min-width: 64px; text-align: right; }
.status { display: flex; gap: 10px; align-items: baseline; min-height: 22px; }
.status .chip { font-size: 12px; font-weight: 650; padding: 1px 8px; border-radius: 10px; white-space: nowrap; border: 1px solid; }
.status .chip.value { background: var(--value-tint); }
.status .chip.flow { background: var(--flow-tint); }
.status p { overflow-wrap: anywhere; }

.side-area { grid-area: side; border-left: 1px solid var(--rule); overflow: auto; padding: 16px; display: grid; gap: 20px; align-content: start; }
.side-area section { min-width: 0; }
.who dl { display: flex; gap: 10px; margin: 10px 0 16px; }
.who dl > div { flex: 1; border: 1px solid var(--rule); border-radius: 10px; padding: 7px 12px 8px; min-width: 0; }
.who dt { font-size: 12px; color: var(--dim); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.who dd { font-size: 19px; font-weight: 650; overflow-wrap: anywhere; line-height: 1.25; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; font-weight: 400; padding: 5px 10px 5px 0; vertical-align: baseline; border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; }
thead th { color: var(--dim); font-size: 12px; }
tbody th { font-weight: 600; }
table.rule td:last-child, table.rule th:last-child { text-align: right; padding-right: 0; white-space: nowrap; }
table.rule td.flow, table.rule tfoot td { font-weight: 650; }
table.rule tr.todo td, table.rule tr.todo .flow { color: var(--dim); font-weight: 400; }
table.rule tr.now { background: var(--flow-tint); }
table.rule tfoot th, table.rule tfoot td { border-bottom: 0; border-top: 1.5px solid var(--edge); }
.code { list-style: none; padding: 6px 0; border: 1px solid var(--rule); border-radius: 10px; overflow: auto; font: 12.5px/1.6 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; background: var(--sunk); }
.code li { padding: 0 12px 0 0; white-space: pre; width: max-content; min-width: 100%; }
.code .number { display: inline-block; width: 38px; padding-right: 12px; text-align: right; color: var(--dim); user-select: none; }
.code li.now { background: var(--mark); }
mark { background: none; color: inherit; border-bottom: 2px solid var(--ink); }
.cost { display: grid; grid-template-columns: 92px 1fr auto; gap: 10px; align-items: center; font-size: 13px; padding: 2px 0; }
.track { height: 10px; border-radius: 5px; background: var(--sunk); overflow: hidden; }
.fill { display: block; height: 100%; border-radius: 5px; background: currentColor; min-width: 2px; }
figure { margin-bottom: 12px; }
figcaption { font-size: 13px; margin-bottom: 5px; }
figure .dim { font-size: 12px; margin-top: 4px; }
div.pictures { display: flex; gap: 12px; align-items: end; }
.heat { width: 150px; height: 54px; image-rendering: pixelated; border-radius: 4px; }
.hist path { fill: currentColor; }
.hist .base { stroke: currentColor; fill: none; }

.trace-area { grid-area: trace; overflow: auto; position: relative; padding: 8px 16px 16px; }
.trace caption { text-align: left; font-size: 12px; font-weight: 600; color: var(--dim); padding: 2px 0 4px; }
.trace th, .trace td { padding: 4px 18px 4px 0; font-size: 13px; }
.trace .figure { text-align: right; white-space: nowrap; }
.trace :is(td, th):nth-child(3) { padding-right: 36px; }
.trace tbody tr { cursor: pointer; }
.trace tr.now { background: var(--mark); }
.trace tr.now th:first-child { box-shadow: inset 3px 0 var(--ink); padding-left: 8px; }
.pages { display: flex; gap: 8px; margin-top: 8px; }

dialog { border: 1px solid var(--rule); border-radius: 14px; background: var(--raised); color: var(--ink); padding: 20px 24px; max-width: min(460px, 92vw); }
dialog::backdrop { background: #0006; }
dialog dl { display: grid; grid-template-columns: auto 1fr; gap: 6px 18px; margin: 14px 0 18px; }
kbd { font: inherit; font-size: 12px; border: 1px solid var(--edge); border-bottom-width: 2px; border-radius: 5px; padding: 0 6px; white-space: nowrap; }
.message { padding: 40px 24px; max-width: 60ch; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@container (max-width: 900px) {
  .page { height: auto; min-height: 100vh; grid-template: "top" auto "stage" minmax(300px, 54vh) "bar" auto "side" auto "trace" auto / minmax(0, 1fr); }
  .bar-area { position: sticky; bottom: 0; z-index: 2; }
  .side-area { border-left: 0; border-bottom: 1px solid var(--rule); overflow: visible; }
  .trace-area { overflow-x: auto; }
}
@container (max-width: 640px) {
  .phase { display: none; }
  .slider { flex-basis: 60%; order: 1; }
  .controls select { order: 2; }
  .count-of { margin-left: auto; }
  .trace { min-width: 560px; }
}
@container (max-width: 480px) {
  .top, .bar-area { padding: 8px 10px; }
  .about { flex-basis: 100%; }
  .search input { width: 96px; }
  .trace th, .trace td { padding-right: 10px; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
`;
