// The house keeps its shape: who may know whom, and what only one file may do.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = new URL('../src/', import.meta.url).pathname;
const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** From each room to the rooms it may know; a file of src itself is a room of its own. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'main.ts': [
    'config.ts',
    'cores',
    'errors.ts',
    'gateway.ts',
    'graphql',
    'http',
    'log.ts',
    'settings',
    'shutdown.ts',
    'simulator',
    'telemetry',
  ],
  'gateway.ts': ['access', 'clock.ts', 'config.ts', 'graphql', 'http', 'parts.ts', 'shutdown.ts'],
  'parts.ts': ['access', 'cache', 'clock.ts', 'config.ts', 'errors.ts', 'log.ts', 'telemetry', 'upstream'],
  'config.ts': ['access', 'cache', 'graphql', 'report', 'settings', 'shutdown.ts', 'upstream'],
  'shutdown.ts': ['clock.ts', 'http'],
  settings: ['access', 'documents', 'upstream'],
  // Who may come in, and what they may see.
  access: ['clock.ts', 'errors.ts', 'report'],
  'context.ts': ['cache', 'errors.ts', 'flow', 'loaders', 'report', 'upstream'],
  'errors.ts': ['flow'],
  'clock.ts': [],
  'log.ts': [],
  graphql: ['context.ts', 'errors.ts', 'report'],
  // What can be said of a GraphQL document before it runs.
  documents: ['errors.ts'],
  // How an operation is run, of whatever schema.
  execution: [],
  // The cache: for answers that are made of its reports.
  http: [
    'access',
    'cache',
    'clock.ts',
    'context.ts',
    'documents',
    'errors.ts',
    'execution',
    'flow',
    'log.ts',
    'report',
  ],
  cache: ['clock.ts', 'errors.ts', 'flow', 'report', 'upstream'],
  upstream: ['clock.ts', 'errors.ts', 'flow', 'report'],
  // Metrics and traces. Whom they watch does not know them: gateway.ts puts them in.
  telemetry: ['clock.ts', 'errors.ts'],
  loaders: ['cache', 'errors.ts', 'report'],
  // Several processes behind one port.
  cores: ['clock.ts', 'telemetry'],
  // How work is let run: deadlines, single flights, queues, retries, breakers. It knows neither HTTP nor reports.
  flow: ['clock.ts'],
  report: [],
  simulator: [],
};

/** Packages that only one room may import. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  undici: ['upstream'],
  jose: ['access'],
  'lru-cache': ['cache', 'http'],
  '@redis/client': ['cache'],
  dataloader: ['loaders'],
  '@apollo/usage-reporting-protobuf': ['http'],
  '@pothos/core': ['graphql'],
  '@pothos/plugin-directives': ['graphql'],
  'graphql-yoga': ['http'],
  'prom-client': ['telemetry'],
  '@opentelemetry/api': ['telemetry'],
  '@opentelemetry/core': ['telemetry'],
  '@opentelemetry/otlp-transformer': ['telemetry'],
  '@opentelemetry/resources': ['telemetry'],
  '@opentelemetry/sdk-trace': ['telemetry'],
  'node:cluster': ['cores'],
  'node:http': ['http', 'simulator'],
};

const roomOf = (file: string): string => file.split('/')[0]!;
const sourceOf = (file: string): string => readFileSync(join(SRC, file), 'utf8');

function importsOf(file: string): string[] {
  return [...sourceOf(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name!);
}

describe.each(FILES)('src/%s', (file) => {
  const room = roomOf(file);

  test('knows only the rooms that it may', () => {
    const neighbours = importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => roomOf(normalize(join(dirname(file), name)).replace(/\.js$/, '.ts')))
      .filter((neighbour) => neighbour !== room);
    expect(ARROWS[room]).toBeDefined();
    expect(neighbours.filter((neighbour) => !ARROWS[room]!.includes(neighbour))).toEqual([]);
  });

  test('imports only packages of its room', () => {
    const foreign = importsOf(file).filter((name) => OWNERS[name] !== undefined && !OWNERS[name].includes(room));
    expect(foreign).toEqual([]);
  });

  test('says at its top what it owns', () => {
    const opening = /^(?:\/\/ .*\n)+/.exec(sourceOf(file))?.[0] ?? '';
    expect(opening.split('\n').length - 1).toBeGreaterThanOrEqual(1);
    expect(opening.split('\n').length - 1).toBeLessThanOrEqual(6);
  });
});

test.each(FILES.filter((file) => file !== 'main.ts'))('src/%s does not name the process', (file) => {
  const code = sourceOf(file).replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
  expect(code).not.toMatch(/(?<![\w.'-])process\s*[.[]|node:process/);
});
