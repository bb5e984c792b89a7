// Compiles src once per test run, when the first test needs it: for tests that start the gateway as a process, and for
// the parser thread, which Node can start only from a JavaScript file.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** The replacements by file. */
const THREAD = { file: '/src/upstream/parse/parser-thread.ts', text: "new URL('./parser-worker.js', import.meta.url)" };
const FOLDER = { file: '/test/kit/processes/build-folder.ts', text: "'__BUILD_FOLDER__'" };

/** A Vite plugin that puts the paths of compiled files into the two files that use them. */
export function compiledGateway(root) {
  let building;
  return {
    name: 'compiled-gateway',
    enforce: 'pre',
    async transform(code, id) {
      const found = [THREAD, FOLDER].find(({ file }) => id.endsWith(file));
      if (found === undefined) return undefined;
      if (!code.includes(found.text)) throw new Error(`${found.file} does not contain ${found.text}`);
      const folder = await (building ??= build(root));
      const worker = pathToFileURL(join(folder, 'dist/upstream/parse/parser-worker.js')).href;
      const replacement = found === THREAD ? `new URL('${worker}')` : JSON.stringify(folder);
      return { code: code.replace(found.text, replacement), map: null };
    },
  };
}

/** Laid out as a checkout: dist, package.json and node_modules. Types are checked by `npm run check`. */
async function build(root) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-build-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true });
  });
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', root, '--noCheck', '--outDir', join(folder, 'dist')]);
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}
