// The architecture rules of src/README.md. Each test lists the offenders, so a failure shows what to move.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const SRC = new URL('../../src/', import.meta.url).pathname;
const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** The folders that each folder may import. A file directly in src counts as a folder. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['app', 'config', 'errors.ts', 'graphql', 'http', 'simulator', 'telemetry'],
  'clock.ts': [],
  'errors.ts': ['concurrency'],
  app: [
    'auth',
    'cache',
    'clock.ts',
    'concurrency',
    'config',
    'errors.ts',
    'graphql',
    'http',
    'loaders',
    'telemetry',
    'upstream',
  ],
  config: ['app', 'auth', 'cache', 'graphql', 'query-limits', 'report', 'telemetry', 'upstream'],
  auth: ['clock.ts', 'errors.ts', 'report'],
  graphql: ['errors.ts', 'execution', 'loaders', 'report'],
  execution: [],
  'query-limits': ['errors.ts'],
  http: [
    'auth',
    'cache',
    'clock.ts',
    'concurrency',
    'errors.ts',
    'execution',
    'loaders',
    'query-limits',
    'report',
    'telemetry',
    'upstream',
  ],
  loaders: ['cache', 'clock.ts', 'concurrency', 'errors.ts', 'report', 'upstream'],
  cache: ['clock.ts', 'concurrency', 'errors.ts', 'report', 'upstream'],
  upstream: ['clock.ts', 'concurrency', 'errors.ts', 'report'],
  concurrency: ['clock.ts'],
  report: [],
  telemetry: ['cache', 'clock.ts', 'errors.ts', 'report', 'upstream'],
  simulator: [],
};

/** Packages that only these folders may import. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  undici: ['upstream'],
  jose: ['auth'],
  'lru-cache': ['cache', 'concurrency', 'http', 'upstream'],
  '@redis/client': ['cache'],
  dataloader: ['loaders'],
  'temporal-polyfill': ['report'],
  '@apollo/usage-reporting-protobuf': ['http'],
  '@pothos/core': ['graphql'],
  '@pothos/plugin-directives': ['graphql'],
  'graphql-yoga': ['http'],
  'prom-client': ['telemetry'],
  '@opentelemetry/api': ['telemetry'],
  '@opentelemetry/core': ['telemetry'],
  '@opentelemetry/exporter-trace-otlp-proto': ['telemetry'],
  '@opentelemetry/resources': ['telemetry'],
  '@opentelemetry/sdk-trace': ['telemetry'],
  'node:http': ['http', 'simulator'],
};

/** Folders that may hold more than MAX_FILES: one file per subject, however many there are. */
const CATALOGUES = ['config/settings'];
const MAX_FILES = 14;

/** Exports that only tests import, each because a part cannot be tested without it. */
const EXPORTED_FOR_TESTS = [
  'http/create-http-handler.ts: HttpServices',
  'http/server/readiness.ts: UnreadyReason',
  'http/server/server.ts: ServerTimes',
  'http/server/server.ts: TIMES',
  'report/parse/json-parser.ts: decodeReport',
  'report/report.ts: BreakdownQuery',
  'simulator/simulator.ts: SimulatorOptions',
];

const folderOf = (file: string): string => file.split('/')[0]!;
const SOURCES = new Map(FILES.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]));
const sourceOf = (file: string): string => SOURCES.get(file)!;

function importsOf(file: string): string[] {
  return [...sourceOf(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name!);
}

/** The files of src that each file imports, type imports included. */
const NEIGHBOURS = new Map(
  FILES.map((file) => [
    file,
    importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => normalize(join(dirname(file), name)).replace(/\.js$/, '.ts')),
  ]),
);
const neighboursOf = (file: string): readonly string[] => NEIGHBOURS.get(file) ?? [];

test('a folder imports only the folders that its rule allows', () => {
  const offenders = FILES.flatMap((file) => {
    const allowed = ARROWS[folderOf(file)] ?? [];
    return neighboursOf(file)
      .filter((other) => folderOf(other) !== folderOf(file) && !allowed.includes(folderOf(other)))
      .map((other) => `${file} → ${other}`);
  });
  expect(offenders).toEqual([]);
});

test('a package is imported only by the folders that own it', () => {
  const offenders = FILES.flatMap((file) =>
    importsOf(file)
      .filter((name) => OWNERS[name] !== undefined && !OWNERS[name].includes(folderOf(file)))
      .map((name) => `${file} → ${name}`),
  );
  expect(offenders).toEqual([]);
});

test('a file starts with a comment that says what it owns', () => {
  const offenders = FILES.filter((file) => {
    const opening = /^(?:\/\/ .*\n)+/.exec(sourceOf(file))?.[0] ?? '';
    const lines = opening.split('\n').length - 1;
    return lines < 1 || lines > 6;
  });
  expect(offenders).toEqual([]);
});

test('only main.ts names the process', () => {
  const offenders = FILES.filter((file) => file !== 'main.ts').filter((file) => {
    const code = sourceOf(file).replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
    return /(?<![\w.'-])process\s*[.[]|node:process/.test(code);
  });
  expect(offenders).toEqual([]);
});

/** The files on a path from `file` back to itself; empty without one. */
function findCircle(file: string): readonly string[] {
  const visited = new Set<string>();
  const follow = (path: readonly string[]): readonly string[] => {
    for (const next of neighboursOf(path.at(-1)!)) {
      if (next === file) return path;
      if (visited.has(next)) continue;
      visited.add(next);
      const circle = follow([...path, next]);
      if (circle.length > 0) return circle;
    }
    return [];
  };
  return follow([file]);
}

test('no imports form a circle, including imports of types', () => {
  expect(FILES.map(findCircle).filter((circle) => circle.length > 0)).toEqual([]);
});

test(`a folder holds at most ${MAX_FILES} files`, () => {
  const counts = new Map<string, number>();
  for (const file of FILES) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  const offenders = [...counts].filter(([folder, count]) => count > MAX_FILES && !CATALOGUES.includes(folder));
  expect(offenders).toEqual([]);
});

test('no file re-exports', () => {
  expect(FILES.filter((file) => /^export (?:type )?[{*]/m.test(sourceOf(file)))).toEqual([]);
});

test('an export is imported by another file', () => {
  const offenders = FILES.filter((file) => file !== 'main.ts').flatMap((file) => {
    const importers = FILES.filter((other) => neighboursOf(other).includes(file)).map(sourceOf);
    return [...sourceOf(file).matchAll(/^export (?:async )?(?:function\*?|class|const|interface|type) (\w+)/gm)]
      .filter(([, name]) => !importers.some((source) => new RegExp(`\\b${name}\\b`).test(source)))
      .map(([, name]) => `${file}: ${name}`);
  });
  expect(offenders.sort()).toEqual(EXPORTED_FOR_TESTS);
});
