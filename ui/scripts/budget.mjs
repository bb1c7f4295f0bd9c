// Fails if the first load of the console is larger than it may be. First load is index.html, what it names, what
// those import at once, and the part loaded later that is largest with its imports: no page needs more at first.
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
/** The named files with all that they import at once. */
async function closure(names) {
  const found = new Set();
  const queue = [...names];
  while (queue.length > 0) {
    const name = queue.pop();
    if (found.has(name)) continue;
    found.add(name);
    if (!name.endsWith(".js")) continue;
    const text = await readFile(join(folder, name), "utf8");
    for (const match of text.matchAll(/(?:from|import)\s*["`]\.\/([^"`]+)["`]/g)) queue.push(`assets/${match[1]}`);
  }
  return found;
}

async function bytesOf(names) {
  let bytes = 0;
  for (const name of names) bytes += await size(name);
  return bytes;
}

const line = (name, bytes) => console.log(`${String(bytes).padStart(8)}  ${name}`);
const named = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]);
const first = await closure(["index.html", ...named]);
for (const name of first) line(name, await size(name));

let largest = 0;
for (const file of await readdir(join(folder, "assets"))) {
  const name = `assets/${file}`;
  if (!/\.(js|css)$/.test(name) || first.has(name)) continue;
  const bytes = await bytesOf([...(await closure([name]))].filter((part) => !first.has(part)));
  line(`${name}, later, with its imports`, bytes);
  largest = Math.max(largest, bytes);
}
const total = (await bytesOf(first)) + largest;
line("the first load, with the largest of the later ones", total);
if (total > LIMIT) {
  console.error(`The first load is ${total} bytes in brotli; at most ${LIMIT} are allowed.`);
  process.exit(1);
}
