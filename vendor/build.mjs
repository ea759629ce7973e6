// Writes blueprints/static/vendor: what the pages of staff stand on, cut to the parts they use, each with its licence.
// Users never run this; `make vendor` does after a version in package.json has changed.
import { build } from "esbuild";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../blueprints/static/vendor");
const parts = [
  "alert", "button", "config-provider", "drawer", "form", "form-item", "input", "input-number",
  "option", "select", "switch",
];
const styled = ["base", "icon", "overlay", "popper", "scrollbar", "tag", ...parts]; // what the parts stand on, too
const named = (part) => "El" + part.split("-").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
const folder = { "option": "select", "form-item": "form" };
const vueBeside = {
  name: "vue-beside",
  setup: (b) => b.onResolve({ filter: /^vue$/ }, () => ({ path: "./vue.js", external: true })),
};
const shared = {
  bundle: true, minify: true, format: "esm", target: "es2020", legalComments: "none", metafile: true,
  define: { "process.env.NODE_ENV": '"production"' }, plugins: [vueBeside], absWorkingDir: here, logLevel: "warning",
};

const elements = parts.map((part) => `export { ${named(part)} } from "element-plus/es/components/${folder[part] ?? part}/index.mjs";`);
elements.push('export { default as zh } from "element-plus/es/locale/lang/zh-cn.mjs";');
elements.push('export { default as en } from "element-plus/es/locale/lang/en.mjs";');
const styles = styled.map((part) => `@import "element-plus/theme-chalk/${part === "base" ? "" : "el-"}${part}.css";`)
  .filter((line) => existsSync(join(here, "node_modules", line.slice(9, -2))));
const charts = `
import { use, init } from "echarts/core";
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
use([BarChart, LineChart, GridComponent, SVGRenderer]);
export { init };`;
const entries = {
  "elements.js": elements.join("\n"),
  "elements.css": styles.join("\n"),
  "charts.js": charts,
  "htm.js": 'export { default } from "htm";',
  "qr.js": 'export { default } from "jsqr";',
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const packages = new Set(["vue"]);
for (const [name, contents] of Object.entries(entries)) {
  const loader = name.endsWith(".css") ? "css" : "js";
  const made = await build({ ...shared, stdin: { contents, loader, resolveDir: here }, outfile: join(out, name) });
  for (const path of Object.keys(made.metafile.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found) packages.add(found[1]);
  }
}
copyFileSync(join(here, "node_modules/vue/dist/vue.runtime.esm-browser.prod.js"), join(out, "vue.js"));

const licences = [...packages].sort().map((name) => {
  const root = join(here, "node_modules", name);
  const about = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const texts = readdirSync(root, { withFileTypes: true })
    .filter((file) => file.isFile() && /^(licen[cs]e|notice)/i.test(file.name)).map((file) => file.name).sort()
    .map((file) => readFileSync(join(root, file), "utf8").trim());
  return `${name} ${about.version} (${about.license})\n\n${texts.join("\n\n")}\n`;
});
writeFileSync(join(out, "LICENSES.txt"), licences.join(`\n${"=".repeat(80)}\n\n`));
