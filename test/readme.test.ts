// The documents match the code: tables come from the code, and names of settings, files and commands exist.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import type { Setting } from '../src/config/settings/rules.js';
import { SETTINGS } from '../src/config/settings/settings.js';
import { ERROR_CODES } from '../src/errors.js';
import { createSchema } from '../src/graphql/schema.js';
import { ask, startStack } from './kit/gateway.js';

const root = new URL('../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');
const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

const PATHS = ['src', 'schema', 'test', '.ci'].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((path) => `/${folder}/${path}`),
);
PATHS.push('/package.json', '/README.md', '/dist/main.js');

/** The text between the two comments of a generated table. */
function section(name: string): string {
  return new RegExp(`<!-- ${name} -->\\n+([\\s\\S]*?)\\n+<!-- /${name} -->`).exec(readme)?.[1] ?? '';
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

describe.each(['README.md', 'src/README.md', 'test/README.md'])('%s', (name) => {
  const text = readFileSync(new URL(name, root), 'utf8');

  // By the end of the path, because the map of src/README.md names subfolders.
  test('names only files and folders that exist', () => {
    const quoted = [...text.matchAll(/`(?:node )?((?:[\w.-]+\/)+[\w.-]*|[\w-]+\.(?:ts|mjs|json|md))`/g)];
    const linked = [...text.matchAll(/\]\((?!https?:)(?:\.\.\/)*([^)]+)\)/g)];
    const paths = [...quoted, ...linked].map(([, path]) => path!);
    expect(paths.length).toBeGreaterThan(4);
    const exists = (path: string) =>
      PATHS.some((known) => (path.endsWith('/') ? known.includes(`/${path}`) : known.endsWith(`/${path}`)));
    expect(paths.filter((path) => !exists(path))).toEqual([]);
  });

  test('names only commands that exist', () => {
    const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, command]) => command!);
    expect(commands.length).toBeGreaterThan(1);
    expect(commands.filter((command) => scripts[command] === undefined)).toEqual([]);
  });
});

test('src/README.md says in which step each error code can end a request', () => {
  const [, life = ''] = readFileSync(new URL('src/README.md', root), 'utf8').split(/^## /m).slice(1);
  expect(Object.keys(ERROR_CODES).filter((code) => !new RegExp(`\\b${code}\\b`).test(life))).toEqual([]);
});

describe('the README', () => {
  test('has sections of at most 40 lines besides code', () => {
    const sections = readme.replaceAll(/^```[\s\S]*?^```$/gm, '').split(/^## /m);
    expect(sections.filter((section) => section.trim().split('\n').length > 40)).toEqual([]);
  });

  // The others are explained in `--help`.
  test('names the settings that most users need', () => {
    const wanted = Object.entries<Setting<unknown>>(SETTINGS).filter(([, setting]) => setting.common);
    expect(wanted.map(([name]) => name).filter((name) => !readme.includes(`\`${name}`))).toEqual([]);
  });

  test('lists every error code with its status, by what a client can do', () => {
    const kinds = ['Fix the request', 'Retry (`retryable`)', 'Contact the operator, or narrow the query'];
    const kindOf = ({ status, retryable }: { status?: number; retryable: boolean }) =>
      retryable ? kinds[1] : status !== undefined && status < 500 ? kinds[0] : kinds[2];
    const rows = kinds.map((kind) => [
      kind,
      Object.entries(ERROR_CODES)
        .filter(([, facts]) => kindOf(facts) === kind)
        .map(([code, facts]) => `\`${code}\`${'status' in facts ? ` ${facts.status}` : ''}`)
        .join(', '),
    ]);
    expect(section('errors')).toBe(table(['what to do', 'codes, with the status of an answer without `data`'], rows));
  });

  test('names only existing settings', () => {
    const names = [...readme.matchAll(/\b(?:SCALEOPS|CACHE|GATEWAY|OTEL|LOG)_[A-Z_]*[A-Z]\b/g)].map(([name]) => name);
    expect(names.length).toBeGreaterThan(20);
    const known = Object.keys(SETTINGS);
    expect(names.filter((name) => !known.includes(name) && name !== 'GATEWAY_FEDERATION')).toEqual([]);
  });

  test('maps every input of both filters', () => {
    const schema = createSchema();
    for (const [type, column] of [
      ['AggregatedCostsFilter', 1],
      ['WorkloadCostsFilter', 3],
    ] as const) {
      const cells = readme.split('\n').map((line) => line.split('|')[column] ?? '');
      const fields = Object.keys((schema.getType(type) as unknown as { getFields(): object }).getFields());
      const missing = fields.filter((name) => !cells.some((cell) => cell.includes(`\`${name}`)));
      expect(missing).toEqual([]);
    }
  });

  test('has a first query that works and returns the response shown', async () => {
    await using stack = await startStack({ simulator: { workloads: 1000 } });
    const [, body] = /curl http:\/\/127\.0\.0\.1:4000\/graphql[^']*'[^']*' -d '([^']*)'/.exec(readme)!;
    const { query } = JSON.parse(body!.replace(/\n\s*/g, ' ')) as { query: string };
    const { data, errors } = await ask((request) => stack.gateway.fetch(request), query);
    expect(errors).toEqual([]);
    const shown = JSON.parse(/```json\n([\s\S]*?)```/.exec(readme)![1]!) as { data: typeof data };
    const { nodes, totalCount } = data.workloadCosts.rows;
    const { nodes: shownNodes, totalCount: shownCount } = shown.data.workloadCosts.rows;
    expect(totalCount).toBe(shownCount);
    // The costs are of the last week, so only the workloads and field names are stable.
    const names = (list: Record<string, unknown>[]) =>
      list.map(({ namespace, workloadName }) => [namespace, workloadName]);
    expect(names(shownNodes as never)).toEqual(names(nodes as never));
    expect(Object.keys(shownNodes[0] as object)).toEqual(Object.keys(nodes[0] as object));
  });
});
