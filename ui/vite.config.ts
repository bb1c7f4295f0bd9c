import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { POLICY, standIn } from "./scripts/stand-in.ts";

// TURNBUCKLE_HUB is a running hub. TURNBUCKLE_KEY (`publishable:secret`) makes the dev and preview
// servers answer for its session routes too; without it they only pass requests on.
const hub = process.env.TURNBUCKLE_HUB ?? "http://127.0.0.1:8080";
const key = process.env.TURNBUCKLE_KEY;
const authorization = key ? { authorization: `Basic ${Buffer.from(key).toString("base64")}` } : {};
const proxy = { "/api": { target: hub, headers: authorization }, "/webhooks": { target: hub }, "/bin": { target: hub } };

export default defineConfig({
  plugins: [react(), standIn(key !== undefined)],
  server: { port: 5173, proxy },
  preview: { port: 4173, proxy, headers: { "content-security-policy": POLICY } },
  build: {
    outDir: "dist/console",
    emptyOutDir: true,
    target: ["chrome125", "firefox128", "safari17.5"],
    // A data: URI would be one more thing that the page's strict policy has to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});
