import { defineConfig } from "vite";

// The hub serves this folder under a strict content security policy: no inline script, no inline style.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../src/nightlatch/hub/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1700, // the lists of the passphrase estimator, which only the pages that need it fetch
  },
});
