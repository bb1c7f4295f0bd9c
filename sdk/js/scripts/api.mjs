// Writes server/src/schema.ts from the server's OpenAPI document; with --check it only compares.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const target = new URL("../server/src/schema.ts", import.meta.url);
const head = "// Generated from openapi.json by `npm run api`. Do not edit.\n\n";
const text = head + astToString(await openapiTS(new URL("../../../openapi.json", import.meta.url)));

if (process.argv.includes("--check")) {
  const present = await readFile(target, "utf8").catch(() => "");
  if (present !== text) {
    console.error("server/src/schema.ts is not what openapi.json says: run `npm run api` and commit it.");
    process.exit(1);
  }
} else {
  await writeFile(target, text);
}
