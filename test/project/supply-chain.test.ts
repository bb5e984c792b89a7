// The checks of production dependencies in CI: vulnerabilities, licences, bill of materials. The scripts run like in CI,
// against a registry of the test.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';

import { ROOT } from '../kit/processes/process.js';

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the scripts of .ci to its end. */
function run(script: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, '.ci', script), ...args], { cwd: ROOT }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'supply-chain-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly dev?: true }>>;
}

/** `name@version` of every installed production package. */
async function production(): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
  const entries = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  return [...new Set(entries.map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`))].sort();
}

describe('the audit', () => {
  /** A registry that serves advisories by package name. */
  async function startRegistry(reply: RequestListener) {
    const requested: string[] = [];
    const server = createServer((request, response) => {
      requested.push(`${request.method} ${request.url}`);
      reply(request, response);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    // npm caches advisories, and the machine's next audit would read the advisories of the test.
    const cache = await makeFolder();
    return {
      requested,
      args: ['--registry', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, '--cache', cache],
    };
  }

  const advise =
    (advisories: Readonly<Record<string, object[]>>): RequestListener =>
    ({ url = '' }, response) => {
      if (!url.endsWith('/advisories/bulk')) response.writeHead(404).end('{}');
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(advisories));
    };
  const advisory = (severity: string) => ({
    id: 1,
    url: 'https://advisories.example/1',
    title: 'A flaw',
    severity,
    vulnerable_versions: '<999',
    cwe: [],
    cvss: { score: 0, vectorString: null },
  });

  test.each(['high', 'critical'])('fails on a vulnerability of severity %s, and names it', async (severity) => {
    const { args } = await startRegistry(advise({ undici: [advisory(severity)] }));
    const { code, stdout } = await run('audit.mjs', ...args);
    expect(stdout).toContain(`${severity}: undici `);
    expect(stdout).toContain('A flaw https://advisories.example/1');
    expect(stdout).toMatch(/^audit: 1 high or critical, 0 less severe$/m);
    expect(code).toBe(1);
  });

  test('ignores lower severities and development dependencies', async () => {
    const found = { undici: [advisory('moderate')], vitest: [advisory('critical')] };
    const { args } = await startRegistry(advise(found));
    const { code, stdout } = await run('audit.mjs', ...args);
    expect([code, stdout]).toEqual([0, 'audit: 0 high or critical, 1 less severe\n']);
  });

  test('passes without known vulnerabilities', async () => {
    const { args, requested } = await startRegistry(advise({}));
    const { code, stdout } = await run('audit.mjs', ...args);
    expect([code, stdout]).toEqual([0, 'audit: 0 high or critical, 0 less severe\n']);
    expect(requested).toContain('POST /-/npm/v1/security/advisories/bulk');
  });

  test.each([
    ['does not know advisories', 405, ''],
    ['fails', 400, '{"error":"nonsense"}'],
  ])('reports that it was skipped when the registry %s, and passes', async (_what, status, body) => {
    const { args } = await startRegistry((_request, response) => response.writeHead(status).end(body));
    const { code, stdout } = await run('audit.mjs', ...args);
    expect([code, stdout]).toEqual([
      0,
      `audit: NOT DONE: the registry could not be asked for advisories (${status})\n`,
    ]);
  });
});

describe('the licence check', () => {
  test('lists all production dependencies in order and allows them', async () => {
    const { code, stdout, stderr } = await run('licences.mjs');
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trim().split('\n');
    const listed = [...new Set(lines.slice(0, -1).map((line) => line.split(' ').slice(0, 2).join('@')))];
    expect([...listed].sort()).toEqual(await production());
    expect(lines.at(-1)).toBe(`licences: ${lines.length - 1} packages, 0 not allowed`);
  });

  /** A checkout with one production package, and a development package with a forbidden licence. */
  async function makeCheckout(manifest: object, entry: object = {}): Promise<string> {
    const folder = await makeFolder();
    const name = 'thing';
    const packages = {
      '': { name: 'checkout' },
      [`node_modules/${name}`]: { version: '1.0.0', ...entry },
      'node_modules/tool': { version: '1.0.0', dev: true, license: 'GPL-3.0' },
    };
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
    const path = join(folder, 'node_modules', name, 'package.json');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify({ name, version: '1.0.0', ...manifest }));
    return folder;
  }

  test.each([
    [{ license: 'MIT' }, 'MIT'],
    [{ license: '(MIT OR GPL-3.0)' }, '(MIT OR GPL-3.0)'],
    [{ license: 'MIT AND ISC' }, 'MIT AND ISC'],
    [{ license: { type: 'ISC', url: 'x' } }, 'ISC'],
    [{ licenses: [{ type: 'GPL-3.0' }, { type: 'MIT' }] }, 'GPL-3.0 OR MIT'],
  ])('allows %j', async (manifest, licence) => {
    const { code, stdout } = await run('licences.mjs', await makeCheckout(manifest));
    expect([code, stdout]).toEqual([0, `thing 1.0.0 ${licence}\nlicences: 1 packages, 0 not allowed\n`]);
  });

  test.each([
    [{}, 'no licence is named'],
    [{ license: '' }, 'no licence is named'],
    [{ license: 'GPL-3.0' }, 'GPL-3.0'],
    [{ license: 'MIT AND GPL-3.0' }, 'MIT AND GPL-3.0'],
    [{ license: 'SEE LICENSE IN LICENSE.md' }, 'SEE LICENSE IN LICENSE.md'],
    [{ license: 'Elastic-2.0' }, 'Elastic-2.0'],
  ])('refuses %j, and names the package', async (manifest, licence) => {
    // The installed package counts, not the lock file.
    const { code, stderr } = await run('licences.mjs', await makeCheckout(manifest, { license: 'MIT' }));
    expect([code, stderr]).toEqual([1, `licence not allowed: thing 1.0.0: ${licence}\n`]);
  });

  test('reads the lock file for packages of other platforms, and refuses other missing packages', async () => {
    const optional = await makeCheckout({}, { optional: true, license: 'MIT' });
    const missing = await makeCheckout({}, { license: 'MIT' });
    for (const folder of [optional, missing]) await rm(join(folder, 'node_modules'), { recursive: true });
    expect((await run('licences.mjs', optional)).code).toBe(0);
    expect((await run('licences.mjs', missing)).code).toBe(1);
  });
});

describe('the bill of materials', () => {
  test('contains exactly the production dependencies, with hash, licence and dependencies', async () => {
    const file = join(await makeFolder(), 'deep/sbom.json');
    const { code, stdout } = await run('sbom.mjs', file);
    expect(code).toBe(0);
    const text = await readFile(file, 'utf8');
    const bom = JSON.parse(text) as {
      readonly specVersion: string;
      readonly metadata: { readonly component: Readonly<Record<string, string>> };
      readonly components: readonly {
        readonly 'bom-ref': string;
        readonly hashes: unknown;
        readonly licenses: unknown;
      }[];
      readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
    };
    const expected = await production();
    expect(stdout).toBe(`sbom: ${expected.length} components in CycloneDX ${bom.specVersion}\n`);
    expect(bom.metadata.component).toMatchObject({ name: 'scaleops-cost-gateway', type: 'application' });
    expect(bom.components.map((each) => each['bom-ref']).sort()).toEqual(expected);
    expect(bom.components.filter(({ hashes, licenses }) => !hashes || !licenses)).toEqual([]);
    const known = [...expected, bom.metadata.component['bom-ref']!];
    expect(
      bom.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !known.includes(ref)),
    ).toEqual([]);
    expect(bom.dependencies.map(({ ref }) => ref).sort()).toEqual([...known].sort());
    expect(text).not.toContain('package:development');
  });
});

describe('CI', () => {
  test('runs all three checks', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const script = await readFile(join(ROOT, '.ci/run'), 'utf8');
    for (const name of ['audit', 'licences', 'sbom']) {
      expect(scripts[name]).toBe(`node .ci/${name}.mjs`);
      expect(script).toMatch(new RegExp(`^npm run --silent ${name}$`, 'm'));
    }
  });
});
