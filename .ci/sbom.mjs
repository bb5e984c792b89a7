// Writes the software bill of materials (CycloneDX) of the production dependencies from the lock file, to
// dist/sbom.cdx.json or the path in the first argument.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
// Without --omit=dev: npm 11 would also omit production packages that a development package depends on.
const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
const { status, stdout, stderr } = spawnSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
if (status !== 0) throw new Error(`npm sbom: ${stderr}`);

const bom = JSON.parse(stdout);
const { component } = bom.metadata;
const installed = Object.entries(read('package-lock.json').packages).filter(([path, { dev }]) => path !== '' && !dev);
const kept = new Set([
  component['bom-ref'],
  ...installed.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`),
]);
// npm gives it the name of the folder that it lies in.
component.name = read('package.json').name;
bom.components = bom.components.filter((each) => kept.has(each['bom-ref']));
for (const each of bom.components) {
  // A package may be there for both.
  each.properties = each.properties?.filter(({ name }) => name !== 'cdx:npm:package:development');
  each.scope = 'required';
}
bom.dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));

const file = process.argv[2] ?? join(root, 'dist/sbom.cdx.json');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`);
console.log(`sbom: ${bom.components.length} components in ${bom.bomFormat} ${bom.specVersion}`);
