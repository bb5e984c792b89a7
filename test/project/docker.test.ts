// The Dockerfile without a container engine: it is parsed, and when its inputs changed, its steps run in empty folders and
// the result is started, queried and stopped like a container.

import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { createSimulator } from '../../src/simulator/simulator.js';
import { canContain, startContainer } from '../kit/processes/container.js';
import {
  buildStage,
  copyContext,
  listFiles,
  parseDockerfile,
  parseExec,
  type BuiltStage,
} from '../kit/processes/dockerfile.js';
import { sendQuery, TOKEN } from '../kit/gateway.js';
import { ROOT, startProcess, type RunningProcess } from '../kit/processes/process.js';
import { isNightly } from '../kit/fuzz/runs.js';
import { findFreePort } from '../kit/upstream/tcp-proxy.js';

const stages = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
const final = stages.at(-1)!;

/** The text of the only instruction with that name in the last stage. */
function textOf(name: string): string {
  const found = final.instructions.filter((instruction) => instruction.name === name);
  expect(found, name).toHaveLength(1);
  return found[0]!.text;
}

/** npm's settings and cache, but no NODE_ENV, and no node_modules/.bin of this checkout. */
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
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-image-'));
  await copyContext(ROOT, join(folder, 'context'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The inputs of the steps besides src, which other tests build. */
const INPUTS = ['Dockerfile', '.dockerignore', 'package-lock.json', 'tsconfig.json'];

/**
 * Whether to run the steps, which takes minutes: nightly, and when their inputs differ from the target branch
 * (or from the previous commit, on that branch). Without git they run.
 */
function areStepsRun(): boolean {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  const head = git('rev-parse', 'HEAD').stdout;
  const { status, stdout: base } = git('merge-base', 'HEAD', 'origin/HEAD');
  const since = status === 0 && base !== head ? base.trim() : 'HEAD~';
  return isNightly || git('diff', '--quiet', since, '--', ...INPUTS).status !== 0;
}

async function buildImage(): Promise<BuiltStage> {
  const built = new Map<string, BuiltStage>();
  for (const [index, stage] of stages.entries()) {
    const root = join(folder, `stage-${index}`);
    if (!built.has(stage.base)) await copyBaseImage(root);
    built.set(stage.name, await buildStage(stage, root, join(folder, 'context'), built, outerEnv()));
  }
  return [...built.values()].at(-1)!;
}

/** The parts of the base image that the steps use; Node itself is this machine's. */
const BASE_KEPT = ['usr/local/bin/node', 'usr/local/include/node/node.h'];
const BASE_REMOVED = [
  ...['npm', 'npx', 'corepack', 'yarn', 'yarnpkg'].map((name) => `usr/local/bin/${name}`),
  'usr/local/lib/node_modules/npm/bin/npm-cli.js',
  'usr/local/lib/node_modules/corepack/package.json',
  'opt/yarn-v1.22.22/bin/yarn',
];

async function copyBaseImage(root: string): Promise<void> {
  for (const file of [...BASE_KEPT, ...BASE_REMOVED].map((name) => join(root, name))) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '');
  }
}

describe('the Dockerfile', () => {
  test('runs as a numeric user other than root, on a pinned major version of Node', () => {
    expect(textOf('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const bases = new Set(stages.map(({ base }) => base).filter((base) => stages.every(({ name }) => name !== base)));
    expect([...bases]).toEqual([expect.stringMatching(/^node:2\d(?:\.|-)/)]);
  });

  test('labels the image with name, version and description of package.json', async () => {
    const { name, version, description } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Record<
      'name' | 'version' | 'description',
      string
    >;
    const labels = [...textOf('LABEL').matchAll(/org\.opencontainers\.image\.(\w+)="([^"]*)"/g)];
    expect(Object.fromEntries(labels.map(([, key, value]) => [key, value]))).toEqual({
      title: name,
      version,
      description,
    });
  });

  test('starts the gateway like npm start', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      readonly scripts: { readonly start: string };
    };
    expect(parseExec(textOf('CMD')).join(' ')).toBe(scripts.start);
  });

  test('installs packages without their scripts', () => {
    const installs = stages.flatMap(({ instructions }) => instructions).filter(({ text }) => text.startsWith('npm ci'));
    expect(installs.map(({ text }) => text)).toEqual(['npm ci --ignore-scripts', 'npm ci --omit=dev --ignore-scripts']);
  });

  test('listens on every interface, on the port that it exposes', async () => {
    const env = Object.fromEntries(
      [...textOf('ENV').matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!]),
    );
    const { config } = await import('../../src/config/config.js').then(({ readConfig }) =>
      readConfig({ ...env, SCALEOPS_URL: 'http://scaleops', SCALEOPS_TOKEN: TOKEN, GATEWAY_AUTH: 'none' }),
    );
    expect([config.host, `${config.port}`]).toEqual(['0.0.0.0', textOf('EXPOSE')]);
    expect(env.NODE_ENV).toBe('production');
  });
});

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

// Not skipped when the steps are not run: a skipped test fails .ci/run.
if (areStepsRun()) {
  describe('the image', () => {
    let image: BuiltStage;
    beforeAll(async () => {
      image = await buildImage();
    }, 240_000);

    test('contains the compiled gateway, its package.json, production dependencies, and nothing else', async () => {
      const files = await listFiles(image.root);
      const own = files.filter((file) => !file.startsWith('app/node_modules/'));
      const texts = (await listFiles(join(folder, 'context/src'))).filter((file) => file.endsWith('.ts'));
      const sources = texts.map((file) => file.replace(/\.ts$/, ''));
      const compiled = sources.flatMap((file) => [`app/dist/${file}.js`, `app/dist/${file}.js.map`]);
      // Without npm and similar tools.
      expect(own).toEqual([...compiled, 'app/package.json', ...BASE_KEPT].sort());
    });

    test('contains every production dependency of the lock file, and no development dependency', async () => {
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

    test('runs read-only, reports its health, answers a query, and exits with 0 on SIGTERM', async () => {
      // In another folder than its build: it must not need files outside the image.
      const root = join(folder, 'container');
      await cp(image.root, root, { recursive: true, verbatimSymlinks: true });
      // The user of the image must be able to read it.
      await chmod(folder, 0o755);
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
      const run = (command: readonly string[]): RunningProcess =>
        canContain
          ? startContainer(command, { root, user: textOf('USER'), workdir: image.workdir, env })
          : startProcess(command, { env, cwd: join(root, image.workdir) });
      const health = (): Promise<number | null> =>
        run(parseExec(textOf('HEALTHCHECK').replace(/^(?:--\S+\s+)*CMD\s+/, ''))).ended.then(({ code }) => code);

      await using container = run(parseExec(textOf('CMD')));
      await container.line(new RegExp(`"url":"http://localhost:${port}"`));
      expect(await health()).toBe(0);
      const query = '{ workloadCosts(filter: { multiCluster: true }) { rows { totalCount } } }';
      const response = await sendQuery(fetch, query, undefined, {}, `http://127.0.0.1:${port}/graphql`);
      expect(response.data).toEqual({ workloadCosts: { rows: { totalCount: 50 } } });
      container.kill('SIGTERM');
      expect(await container.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      expect(await health()).toBe(1);
    });
  });
}

describe('the kit', () => {
  test.runIf(canContain)('runs a container as process 1, with a numeric user and a read-only file system', async () => {
    const probe = `
      const tried = ['/usr/local/bin', '/'].map((folder) => {
        try { fs.writeFileSync(folder + '/written', ''); return 'written'; } catch ({ code }) { return code; }
      });
      console.log(JSON.stringify([process.pid, process.getuid(), process.getgid(), process.cwd(), [...new Set(tried)]]));`;
    const root = join(folder, 'probe');
    await mkdir(root);
    const options = { root, user: '1234:5678', workdir: '/usr/local', env: {} };
    const { stdout, stderr } = await startContainer(['node', '-e', probe], options).ended;
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([1, 1234, 5678, '/usr/local', ['EROFS']]);
  });

  const build = (text: string, root: string) =>
    buildStage({ name: '', base: '', instructions: [{ name: 'RUN', text }] }, root, folder, new Map(), outerEnv());

  test('removes files below the root of a stage only, never files of the machine', async () => {
    const [machine, root] = [join(folder, 'machine'), join(folder, 'root')];
    const files = ['tool/bin', 'tool-v1/bin', 'tool-v2/bin', 'other'];
    for (const file of files.flatMap((each) => [join(machine, each), join(root, machine, each)])) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, '');
    }
    await build(`rm -rf ${machine}/tool ${machine}/tool-v* ${machine}/not-there`, root);
    expect(await listFiles(join(root, machine))).toEqual(['other']);
    expect(await listFiles(machine)).toEqual([...files].sort());
  });

  test.each([
    // The commands are harmless, because a failing test would run them.
    'rm -rf /nowhere/../nowhere',
    'rm -rf /nowhere && true',
    'cat /etc/passwd',
    'cp -r --target=/nowhere x',
    'cd ..',
    'ls ~',
    'ls "$HOME"',
  ])('refuses %s', async (command) => {
    await expect(build(command, join(folder, 'refused'))).rejects.toThrow(/^(?:RUN with a path|rm of)/);
  });
});

describe('the build context', () => {
  test('contains only what the build reads', async () => {
    const files = await listFiles(join(folder, 'context'));
    expect(files.filter((file) => !file.startsWith('src/'))).toEqual([
      'package-lock.json',
      'package.json',
      'tsconfig.json',
    ]);
  });
});
