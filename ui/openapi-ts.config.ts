import { defineConfig } from "@hey-api/openapi-ts";

/** Types of the API from the committed description: `node node_modules/@hey-api/openapi-ts/bin/run.js`. */
export default defineConfig({
  input: "../schemas/openapi.json",
  output: { path: "src/api/generated", clean: true },
  plugins: ["@hey-api/typescript"],
});
