import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The page of CRM Link. The server serves it at /link/{workspace} and its parts below /link/assets/.
export default defineConfig({
  root: fileURLToPath(new URL("./link", import.meta.url)),
  base: "/link/",
  plugins: [react()],
  build: {
    outDir: fileURLToPath(new URL("./dist/link", import.meta.url)),
    emptyOutDir: true,
    target: ["chrome125", "firefox128", "safari17.5"],
    // A data: URI would be one more thing that the page's strict policy has to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
