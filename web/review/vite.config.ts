import { defineConfig } from "vite";

// The review room's own page: served by `nightlatch review` under a content security policy of its own.
export default defineConfig({
  root: import.meta.dirname,
  publicDir: "public", // the practice clip, by scripts/practice.py; without it the page says so
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../src/nightlatch/review/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
