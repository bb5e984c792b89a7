import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

import { compiledGateway } from './test/kit/processes/compiled-gateway.mjs';

export default defineConfig({
  plugins: [compiledGateway(import.meta.dirname)],
  // One copy of graphql for everyone: vite would load its `module` build for our code, Node its `main` build for the
  // libraries, and graphql refuses types of "another module or realm".
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    root: import.meta.dirname,
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/kit/fuzz/seed.ts'],
    // For tests that hang: ten times the CPU time of the slowest test, so that a busy machine fails none.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The machine that this is sized for has two cores; more workers only make sockets slower.
    maxWorkers: 2,
  },
});
