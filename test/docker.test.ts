// The image, without an engine to build it: the steps of the Dockerfile are run in empty folders, and what comes out is
// started, asked, and stopped, as a container would be.

import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { createSimulator } from '../src/simulator/simulator.js';
import { buildStage, copyContext, listFiles, parseDockerfile, parseExec, type BuiltStage } from './kit/dockerfile.js';
import { ask, TOKEN } from './kit/gateway.js';
import { ROOT, startProcess } from './kit/process.js';

const stages = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
const final = stages.at(-1)!;

/** The text of the one instruction of that name in the last stage. */
function textOf(name: string): string {
  const found = final.instructions.filter((instruction) => instruction.name === name);
  expect(found, name).toHaveLength(1);
  return found[0]!.text;
}

/** npm's settings and cache, but no NODE_ENV, and none of our own node_modules/.bin that would stand in for the stage's. */
function outerEnv(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:NODE_ENV|VITEST.*|INIT_CWD|npm_(?:lifecycle|package)_.*|npm_config_local_prefix)$/.test(name),
  );
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.endsWith('node_modules/.bin'));
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    PATH: [dirname(process.execPath), ...path].join(':'),
    npm_config_prefer_offline: 'true',
  };
}

let folder: string;
let image: BuiltStage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-image-'));
  await copyContext(ROOT, join(folder, 'context'));
  const built = new Map<string, BuiltStage>();
  for (const [index, stage] of stages.entries()) {
    image = await buildStage(stage, join(folder, `stage-${index}`), join(folder, 'context'), built, outerEnv());
    built.set(stage.name, image);
  }
}, 240_000);
afterAll(() => rm(folder, { recursive: true }));

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

describe('the image', () => {
  test('holds the compiled gateway, its package.json, production dependencies, and nothing else', async () => {
    const files = await listFiles(image.root);
    const own = files.filter((file) => !file.startsWith('app/node_modules/'));
    const sources = (await listFiles(join(folder, 'context/src'))).map((file) => file.replace(/\.ts$/, ''));
    const compiled = sources.flatMap((file) => [`app/dist/${file}.js`, `app/dist/${file}.js.map`]);
    expect(own).toEqual([...compiled, 'app/package.json'].sort());
  });

  test('has every production dependency of the lockfile, and none for development', async () => {
    const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
    const manifests = (await listFiles(join(image.root, 'app'))).filter((file) => file.endsWith('/package.json'));
    const installed = manifests.map((file) => dirname(file)).filter((name) => Object.hasOwn(packages, name));
    const entries = Object.entries(packages).filter(([name]) => name !== '');
    expect(installed.filter((name) => packages[name]?.dev === true)).toEqual([]);
    expect(installed).toEqual(
      expect.arrayContaining(entries.filter(([, { dev, optional }]) => !dev && !optional).map(([name]) => name)),
    );
    expect(installed).toContain('node_modules/graphql-yoga');
  });

  test('runs as a user by number that is not root, on a pinned line of Node that package.json allows', () => {
    expect(textOf('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const bases = new Set(stages.map(({ base }) => base).filter((base) => stages.every(({ name }) => name !== base)));
    expect([...bases]).toEqual([expect.stringMatching(/^node:2\d(?:\.|-)/)]);
  });

  test('listens on every interface, on the port that it exposes', async () => {
    const { config } = await import('../src/config.js').then(({ readConfig }) =>
      readConfig({ ...image.env, SCALEOPS_URL: 'http://scaleops', SCALEOPS_TOKEN: TOKEN, GATEWAY_AUTH: 'none' }),
    );
    expect([config.host, `${config.port}`]).toEqual(['0.0.0.0', textOf('EXPOSE')]);
    expect(image.env.NODE_ENV).toBe('production');
  });

  test('starts, is healthy, answers a query, and ends with 0 on SIGTERM, in which it is no longer healthy', async () => {
    // Elsewhere than where it was built: nothing outside the image may be needed.
    const root = join(folder, 'container');
    await cp(image.root, root, { recursive: true, verbatimSymlinks: true });
    const simulator = createSimulator({ workloads: 50, token: TOKEN });
    onTestFinished(() => simulator.close());
    const port = await findFreePort();
    const env = {
      ...image.env,
      SCALEOPS_URL: await simulator.listen(),
      SCALEOPS_TOKEN: TOKEN,
      GATEWAY_AUTH: 'none',
      PORT: `${port}`,
    };
    const cwd = join(root, image.workdir);
    const health = (): Promise<number | null> =>
      startProcess(parseExec(textOf('HEALTHCHECK').replace(/^(?:--\S+\s+)*CMD\s+/, '')), { env, cwd }).ended.then(
        ({ code }) => code,
      );

    await using container = startProcess(parseExec(textOf('CMD')), { env, cwd });
    await container.line(new RegExp(`Gateway on http://localhost:${port}$`));
    expect(await health()).toBe(0);
    const query = '{ workloadCosts(filter: { multiCluster: true }) { rows { totalCount } } }';
    const answer = await ask(fetch, query, undefined, {}, `http://127.0.0.1:${port}/graphql`);
    expect(answer.data).toEqual({ workloadCosts: { rows: { totalCount: 50 } } });
    container.kill('SIGTERM');
    expect(await container.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(await health()).toBe(1);
  });
});

describe('the build context', () => {
  test('is what the build reads and nothing else', async () => {
    const files = await listFiles(join(folder, 'context'));
    expect(files.filter((file) => !file.startsWith('src/'))).toEqual([
      'package-lock.json',
      'package.json',
      'tsconfig.json',
    ]);
  });
});

/** PORT=0 would do for the gateway, but its health check has to be told. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
