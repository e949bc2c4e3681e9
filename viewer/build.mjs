// Builds src/ into one script, ../src/edgewise/explain/viewer.js, and writes the hash of its sources beside it.
// tests/explain/test_page.py reckons the same hash, so that a stale script fails without Node.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const tightStyle = {
  name: "tight style",
  setup({ onLoad }) {
    onLoad({ filter: /style\.ts$/ }, ({ path }) => ({ contents: readFileSync(path, "utf-8").replace(/^\s*\/\/.*$/gm, "").replace(/\s*\n\s*/g, " ").replace(/ ?([{};]) ?/g, "$1").replace(/([:,]) /g, "$1").replace(/#(\w)\1(\w)\2(\w)\3\b/g, "#$1$2$3").replace(/([ :,(])0\.(\d)/g, "$1.$2").replace(/;}/g, "}"), loader: "ts" }));
  },
};

const out = new URL("../src/edgewise/explain/", import.meta.url);
const result = await build({
  entryPoints: [new URL("src/main.ts", import.meta.url).pathname],
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "edgewise",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  write: false,
  plugins: [tightStyle],
});
const script = result.outputFiles[0].text;
for (const forbidden of ["</script", "<!--", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("]) {
  if (script.includes(forbidden)) throw new Error(`the script contains ${forbidden}`);
}
if (script.length > 60_000) throw new Error(`the script has ${script.length} bytes, more than 60 000`);

const hash = createHash("sha256");
const names = readdirSync(new URL("src/", import.meta.url)).map((name) => `src/${name}`);
for (const name of [...names, "build.mjs", "package-lock.json", "package.json", "tsconfig.json"].sort()) {
  hash.update(`${name}\n`).update(readFileSync(new URL(name, import.meta.url), "utf-8").replaceAll("\r\n", "\n"));
}
writeFileSync(new URL("viewer.js", out), script);
writeFileSync(new URL("viewer.sources.sha256", out), `${hash.digest("hex")}\n`);
console.log(`viewer.js: ${script.length} bytes`);
