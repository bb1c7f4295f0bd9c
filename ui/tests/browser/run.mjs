// Walks through the console in a real browser: node tests/browser/run.mjs --url http://127.0.0.1:8080
import { end } from "./story.mjs";

for (const noun of ["session", "overview", "events", "sources", "records", "endpoints", "functions", "connections", "workspace", "unsaved", "everywhere"]) await import(`./stories/${noun}.mjs`);
await end();
