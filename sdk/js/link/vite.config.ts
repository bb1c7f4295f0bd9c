import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// The classic script, which puts `linkCRM` on the window.
export default defineConfig({
  build: {
    outDir: fileURLToPath(new URL("./dist", import.meta.url)),
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: fileURLToPath(new URL("./src/browser.ts", import.meta.url)), formats: ["iife"], name: "turnbuckleLink", fileName: () => "link.js" },
  },
});
