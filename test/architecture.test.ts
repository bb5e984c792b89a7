// The architecture rules of src/README.md. Each test lists the offenders, so that a failure says what to move.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const SRC = new URL('../src/', import.meta.url).pathname;
const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** From each folder to the folders that it may import. A file directly in src counts as a folder. */
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
  telemetry: ['clock.ts', 'errors.ts'],
  simulator: [],
};

/** Packages that only these folders may import. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  undici: ['upstream'],
  jose: ['auth'],
  'lru-cache': ['cache', 'concurrency', 'http', 'upstream'],
  '@redis/client': ['cache'],
  dataloader: ['loaders'],
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

const folderOf = (file: string): string => file.split('/')[0]!;
const sourceOf = (file: string): string => readFileSync(join(SRC, file), 'utf8');

function importsOf(file: string): string[] {
  return [...sourceOf(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name!);
}

/** The files of src that a file imports, type imports included. */
function neighboursOf(file: string): string[] {
  return importsOf(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(file), name)).replace(/\.js$/, '.ts'));
}

test('a folder imports only the folders that its arrows allow', () => {
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

test('a file says in its first lines what it owns', () => {
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
