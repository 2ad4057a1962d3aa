import { defineConfig, type Plugin } from "vite";

// One file with everything in it, so that it can be kept beside a receipt.
function inOneFile(): Plugin {
  return {
    name: "in-one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      const html = bundle["index.html"];
      const script = Object.values(bundle).find((each) => each.type === "chunk");
      if (html?.type !== "asset" || script?.type !== "chunk") throw new Error("There is no page to put into one file.");
      const code = script.code.replaceAll("</script", "<\\/script");
      const without = String(html.source).replace(/<script[^>]*><\/script>/, "");
      html.source = without.replace("</body>", () => `<script type="module">${code}</script></body>`);
      html.fileName = "verify.html";
      delete bundle[script.fileName];
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  plugins: [inOneFile()],
  build: {
    outDir: "../../src/nightlatch/hub/page",
    emptyOutDir: false,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
