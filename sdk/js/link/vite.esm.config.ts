import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// One file of ES module, which browsers take without a build of their own.
export default defineConfig({
  build: {
    outDir: fileURLToPath(new URL("./dist", import.meta.url)),
    emptyOutDir: false,
    target: "es2022",
    minify: false,
    lib: { entry: fileURLToPath(new URL("./src/index.ts", import.meta.url)), formats: ["es"], fileName: () => "index.js" },
  },
});
