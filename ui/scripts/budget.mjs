// Fails if the first load of a set of pages is larger than it may be. First load is index.html, what it names, what
// those import at once, and the part loaded later that is largest with its imports: no page needs more at first.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Each with where its parts are named from, and the most bytes that its first load may have in brotli. */
const PAGES = [
  { name: "the console", folder: "console", base: "/", limit: 300 * 1024 },
  { name: "CRM Link", folder: "link", base: "/link/", limit: 150 * 1024 },
];

let isOver = false;
for (const page of PAGES) isOver = (await check(page)) || isOver;
if (isOver) process.exit(1);

async function check({ name: title, folder: part, base, limit }) {
  const folder = fileURLToPath(new URL(`../dist/${part}`, import.meta.url));
  const size = async (name) => (await stat(join(folder, `${name}.br`))).size;
  const html = await readFile(join(folder, "index.html"), "utf8").catch(() => {
    console.error(`dist/${part} is missing: run \`npm run build\` first.`);
    process.exit(1);
  });
  /** The named files with all that they import at once. */
  const closure = async (names) => {
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
  };
  const bytesOf = async (names) => {
    let bytes = 0;
    for (const name of names) bytes += await size(name);
    return bytes;
  };
  const line = (name, bytes) => console.log(`${String(bytes).padStart(8)}  ${name}`);

  console.log(title);
  const named = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)]
    .map((match) => match[1])
    .filter((path) => path.startsWith(`${base}assets/`))
    .map((path) => path.slice(base.length));
  const first = await closure(["index.html", ...named]);
  for (const name of first) line(name, await size(name));

  let largest = 0;
  for (const file of await readdir(join(folder, "assets"))) {
    const name = `assets/${file}`;
    if (!/\.(js|css)$/.test(name) || first.has(name)) continue;
    const bytes = await bytesOf([...(await closure([name]))].filter((it) => !first.has(it)));
    line(`${name}, later, with its imports`, bytes);
    largest = Math.max(largest, bytes);
  }
  const total = (await bytesOf(first)) + largest;
  line("the first load, with the largest of the later ones", total);
  if (total > limit) console.error(`The first load of ${title} is ${total} bytes in brotli; at most ${limit} are allowed.`);
  return total > limit;
}
