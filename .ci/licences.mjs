// Lists the production dependencies with version and licence, and fails on a licence that is not allowed. The licence is
// read from the installed package; for optional packages of other platforms, from the lock file.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Permissive licences: use, change and redistribution, also commercially, at most with a notice. */
const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
];

const root = process.argv[2] ?? join(import.meta.dirname, '..');
const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const packages = Object.entries(read('package-lock.json').packages)
  .filter(([path, { dev }]) => path !== '' && !dev)
  .map(([path, { version, license, optional }]) => {
    const name = path.replace(/^.*node_modules\//, '');
    const manifest = join(path, 'package.json');
    if (existsSync(join(root, manifest))) return { name, version, licence: toLicence(read(manifest)) };
    return { name, version, licence: optional ? license : undefined };
  })
  .sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));

const refused = [];
for (const { name, version, licence } of packages) {
  if (licence === undefined || !isAllowedExpression(licence))
    refused.push(`${name} ${version}: ${licence ?? 'no licence is named'}`);
  console.log(`${name} ${version} ${licence ?? '?'}`);
}
for (const line of refused) console.error(`licence not allowed: ${line}`);
console.log(`licences: ${packages.length} packages, ${refused.length} not allowed`);
process.exitCode = refused.length > 0 ? 1 : 0;

/** The field `license`; older packages have objects or lists. */
function toLicence({ license, licenses }) {
  const found = license ?? licenses;
  const names = (Array.isArray(found) ? found : [found]).map((each) => (typeof each === 'object' ? each?.type : each));
  return names.every((name) => typeof name === 'string' && name !== '') ? names.join(' OR ') : undefined;
}

/** An SPDX expression: one operand of OR must be allowed, every operand of AND. */
function isAllowedExpression(expression) {
  const plain = expression.replace(/[()]/g, ' ').trim();
  return plain.split(/\s+OR\s+/).some((each) => each.split(/\s+AND\s+/).every((name) => ALLOWED.includes(name.trim())));
}

function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}
