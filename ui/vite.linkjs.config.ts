import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// The classic script that puts `linkCRM` on the window, which the server serves as /link.js.
export default defineConfig({
  build: {
    outDir: fileURLToPath(new URL("./dist/link", import.meta.url)),
    emptyOutDir: false,
    target: ["chrome125", "firefox128", "safari17.5"],
    lib: {
      entry: fileURLToPath(new URL("../sdk/js/link/src/browser.ts", import.meta.url)),
      formats: ["iife"],
      name: "turnbuckleLink",
      fileName: () => "link.js",
    },
  },
});
