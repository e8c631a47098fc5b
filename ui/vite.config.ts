import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";

/** Serves the worker of Mock Service Worker while developing with fixtures; it never reaches a build. */
function mockWorker(): Plugin {
  return {
    name: "mock-worker",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use("/mockServiceWorker.js", (_request, response) => {
        const file = fileURLToPath(new URL("node_modules/msw/lib/mockServiceWorker.js", import.meta.url));
        response.setHeader("Content-Type", "text/javascript");
        response.end(readFileSync(file));
      });
    },
  };
}

/** Packs what was built, once, so that the server has nothing to compress. */
function packed(): Plugin {
  let folder = "";
  return {
    name: "packed",
    apply: "build",
    configResolved(config) {
      folder = fileURLToPath(new URL(config.build.outDir + "/", import.meta.url));
    },
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(?:js|css|html|svg|json)$/.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        const content = readFileSync(file);
        const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } });
        const gzip = gzipSync(content, { level: 9 });
        if (brotli.length < content.length) writeFileSync(`${file}.br`, brotli);
        if (gzip.length < content.length) writeFileSync(`${file}.gz`, gzip);
      }
    },
  };
}

const api = process.env["PROOFROOM_API"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  plugins: [react(), tailwindcss(), mockWorker(), packed()],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  optimizeDeps: { include: ["vega", "vega-lite", "vega-interpreter"] },
  server: { host: "127.0.0.1", proxy: { "/api": { target: api, changeOrigin: true } } },
  build: {
    outDir: "../src/proofroom/api/static",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // every asset is a file of ours, as the content policy wants it
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: "jsdom",
    globals: true,
    setupFiles: ["./tests/setup.ts"],
    include: ["tests/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    // A page of its own for each file took longer than the tests; tests/setup.ts puts back what outlives a test.
    pool: "threads",
    isolate: false,
    testTimeout: 60_000,
  },
});
