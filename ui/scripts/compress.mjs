// Writes a brotli twin beside every text file of the build, so that the server compresses nothing.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const folder = fileURLToPath(new URL("../dist", import.meta.url));
const names = await readdir(folder, { recursive: true });
for (const name of names.filter((name) => /^(console|link)[/\\].*\.(html|js|css|svg|json|txt)$/.test(name))) {
  const bytes = await readFile(join(folder, name));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  await writeFile(join(folder, `${name}.br`), brotliCompressSync(bytes, { params }));
}
