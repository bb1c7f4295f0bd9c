import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// TURNBUCKLE_HUB is a running hub, to which the dev server passes what is no page.
const target = process.env.TURNBUCKLE_HUB ?? "http://127.0.0.1:8080";
const proxy = Object.fromEntries(["/api", "/webhooks", "/bin/", "/crm/", "/sandbox/"].map((path) => [path, { target }]));

export default defineConfig({
  plugins: [react()],
  server: { port: 5173, proxy },
  build: {
    outDir: "dist/console",
    emptyOutDir: true,
    target: ["chrome125", "firefox128", "safari17.5"],
    // A data: URI would be one more thing that the page's strict policy has to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx", "link/src/**/*.test.ts"] },
});
