// Tests run src as it is, but Node starts a thread from a file of JavaScript only: so the one thread that the gateway has
// is compiled, with what it imports, when the first test looks at who starts it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const STARTED_BY = '/src/upstream/parse/parser-thread.ts';
const IN_SOURCE = "new URL('./parser-worker.js', import.meta.url)";

/** A plugin of vite that points STARTED_BY to the compiled file. */
export function builtWorker(root) {
  let url;
  return {
    name: 'built-worker',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith(STARTED_BY)) return undefined;
      if (!code.includes(IN_SOURCE)) throw new Error(`${STARTED_BY} does not say ${IN_SOURCE}`);
      url ??= compile(root);
      return { code: code.replace(IN_SOURCE, `new URL('${url}')`), map: null };
    },
  };
}

function compile(root) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-worker-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true });
  });
  const options = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { outDir: folder, rootDir: join(root, 'src'), types: [], noCheck: true },
  };
  const config = join(folder, 'tsconfig.json');
  writeFileSync(
    config,
    JSON.stringify({ ...options, include: [], files: [join(root, 'src/upstream/parse/parser-worker.ts')] }),
  );
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config]);
  return pathToFileURL(join(folder, 'upstream/parse/parser-worker.js')).href;
}
