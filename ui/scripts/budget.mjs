// Fails if the first load of the console is larger than it may be. First load is index.html, what it names,
// what those import at once, and the largest route: no page needs more than that to show itself.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LIMIT = 300 * 1024;
const folder = fileURLToPath(new URL("../dist/console", import.meta.url));
const size = async (name) => (await stat(join(folder, `${name}.br`))).size;

const html = await readFile(join(folder, "index.html"), "utf8").catch(() => {
  console.error("dist/console is missing: run `npm run build` first.");
  process.exit(1);
});
const first = new Set(["index.html"]);
const queue = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]);
while (queue.length > 0) {
  const name = queue.pop();
  if (first.has(name)) continue;
  first.add(name);
  if (!name.endsWith(".js")) continue;
  const text = await readFile(join(folder, name), "utf8");
  for (const match of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) queue.push(`assets/${match[1]}`);
}

const assets = (await readdir(join(folder, "assets"))).filter((name) => /\.(js|css)$/.test(name));
const lazy = assets.map((name) => `assets/${name}`).filter((name) => !first.has(name));
const line = (name, bytes) => console.log(`${String(bytes).padStart(8)}  ${name}`);
let total = 0;
for (const name of first) {
  const bytes = await size(name);
  total += bytes;
  line(name, bytes);
}
let largest = 0;
for (const name of lazy) {
  const bytes = await size(name);
  largest = Math.max(largest, bytes);
  line(`${name} (later)`, bytes);
}
total += largest;
line("first load, with the largest later part", total);
if (total > LIMIT) {
  console.error(`The first load is ${total} bytes in brotli; at most ${LIMIT} are allowed.`);
  process.exit(1);
}
