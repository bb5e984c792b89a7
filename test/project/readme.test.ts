// The documents match the code: tables come from the code, and names of settings, metrics, files and commands exist.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isEnumType, isInputObjectType, isObjectType, getNamedType, type GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';

import { parsePermissionsFile } from '../../src/auth/permissions.js';
import type { Setting } from '../../src/config/settings/rules.js';
import { SETTINGS } from '../../src/config/settings/settings.js';
import { ERROR_CODES } from '../../src/errors.js';
import { createSchema } from '../../src/graphql/schema.js';
import { BUILD_FOLDER } from '../kit/processes/build-folder.js';
import { findBlock, readBlocks, readSection, readText, toCells } from '../kit/formats/documents.js';
import { ROOT, startProcess } from '../kit/processes/process.js';
import { readCodegenSettings, readOwnSettings } from '../kit/clients/typed-client/frontend.js';

const readme = readText('README.md');
const blocks = readBlocks('README.md');
const { scripts } = JSON.parse(readText('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
const settings: Readonly<Record<string, Setting<unknown>>> = SETTINGS;

const PATHS = ['src', 'schema', 'test', '.ci'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => `/${folder}/${path}`),
);
PATHS.push('/package.json', '/README.md', '/dist/main.js');

/** Files of a client, and names that only look like a path. */
const OTHER_NAMES = [
  ...['generated.ts', 'codegen.ts', 'documents.json', 'persisted-documents.json', 'src/team-costs.graphql'],
  ...['backstage.io/kubernetes-id', 'http/protobuf'],
];

const FOR_USERS = ['README.md', 'src/RECIPES.md', 'src/config/SETTINGS.md'];
const FOR_DEVELOPERS = ['src/README.md', 'test/README.md'];

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A document without its code blocks. */
const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```$/gm, '');

describe.each([...FOR_USERS, ...FOR_DEVELOPERS])('%s', (name) => {
  const text = readText(name);

  // Compared by the end of the path, because the map of src/README.md names subfolders.
  test('names only files and folders that exist', () => {
    const quoted = [...text.matchAll(/`(?:node )?((?:[\w.-]+\/)+[\w.-]*|[\w-]+\.(?:ts|mjs|json|md))(?: --[a-z-]+)?`/g)];
    const linked = [...text.matchAll(/\]\((?!https?:|#)(?:\.\.\/)*([^)]+)\)/g)];
    const paths = [...quoted, ...linked].map(([, path]) => path!);
    expect(paths).not.toEqual([]);
    const exists = (path: string) =>
      PATHS.some((known) => (path.endsWith('/') ? known.includes(`/${path}`) : known.endsWith(`/${path}`)));
    expect(paths.filter((path) => !exists(path) && !OTHER_NAMES.includes(path))).toEqual([]);
  });

  test('links only to headings that it has', () => {
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title!.toLowerCase().replaceAll(' ', '-'));
    const anchors = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!);
    expect(anchors.filter((anchor) => !headings.includes(anchor))).toEqual([]);
  });

  test('names only commands and options that exist', () => {
    const commands = [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, command]) => command!);
    expect(commands.filter((command) => scripts[command] === undefined)).toEqual([]);
    const options = [...text.matchAll(/`(?:node dist\/main\.js )?(--[a-z-]+)(?: NAME)?`/g)].map(
      ([, option]) => option!,
    );
    expect(options.filter((option) => !readText('src/main.ts').includes(`'${option}'`))).toEqual([]);
  });

  test('names only existing settings', () => {
    // Except `GATEWAY_FEDERATION…`, which means several settings.
    const names = [...text.matchAll(/\b(?:SCALEOPS|CACHE|GATEWAY|OTEL|LOG)_[A-Z_]*[A-Z](?!…)\b/g)].map(([it]) => it);
    expect(names.filter((it) => settings[it] === undefined)).toEqual([]);
  });

  test('has short lines', () => {
    const lines = withoutCode(text).split('\n');
    // Documents for developers may have the longest lines of the code.
    const width = FOR_USERS.includes(name) ? 120 : 145;
    expect(lines.filter((line) => line.length > width && !line.startsWith('|'))).toEqual([]);
  });
});

test.each(FOR_USERS)('%s has sections that fit on a screen', (name) => {
  const sections = withoutCode(readText(name)).split(/^#+ /m);
  expect(sections.filter((section) => section.trim().split('\n').length > 40)).toEqual([]);
});

test('src/README.md names each error code in the picture of the request steps', () => {
  const [, life = ''] = readText('src/README.md').split(/^## /m).slice(1);
  expect(Object.keys(ERROR_CODES).filter((code) => !new RegExp(`\\b${code}\\b`).test(life))).toEqual([]);
});

test('the page of settings equals the output of `npm run settings`', async () => {
  const printed = startProcess([process.execPath, join(ROOT, '.ci/settings-page.mjs'), join(BUILD_FOLDER, 'dist')]);
  const { code, stdout } = await printed.ended;
  expect(code).toBe(0);
  expect(readText('src/config/SETTINGS.md')).toBe(stdout);
  const titles = [...stdout.matchAll(/^### (.*)$/gm)].map(([, name]) => name!);
  expect(titles.sort()).toEqual(Object.keys(SETTINGS).sort());
});

describe('the README', () => {
  test('lists the settings that most users need, with their defaults', () => {
    const rows = toCells(readSection('README.md', 'settings'));
    const named = rows.map(([name]) => name!);
    const common = Object.keys(SETTINGS).filter((name) => settings[name]?.common === true);
    expect(common.filter((name) => !named.includes(name))).toEqual([]);
    expect(rows.map(([name, value]) => [name, value])).toEqual(
      named.map((name) => [name, settings[name]?.default ?? '']),
    );
  });

  test('says how long reports are fresh by default, for each state of a window', () => {
    const rows = toCells(readSection('README.md', 'freshness'));
    expect(rows.map(([state]) => state)).toEqual(valuesOf('CostWindowState'));
    expect(rows.map(([, , name, seconds]) => [name, seconds])).toEqual(
      rows.map(([, , name]) => [name, settings[name!]?.default]),
    );
  });

  test.each([
    ['fix', ({ status = 500, retryable }: Facts) => !retryable && status < 500],
    ['retry', ({ retryable }: Facts) => retryable],
    ['operator', ({ status = 500, retryable }: Facts) => !retryable && status >= 500],
  ])('lists every error code with its status and meaning: %s', (name, isHere) => {
    const rows = Object.entries<Facts>(ERROR_CODES)
      .filter(([, facts]) => isHere(facts))
      .map(([code, { status, message }]) => [`\`${code}\``, `${status ?? ''}`, message]);
    expect(readSection('README.md', `errors: ${name}`)).toBe(table(['code', 'status', 'meaning'], rows));
  });

  test('shows an error as the gateway sends it', () => {
    const { errors } = JSON.parse(findBlock(blocks, 'Errors', 'json')) as { errors: [ShownError] };
    const [{ message, extensions }] = errors;
    const { message: known, retryable } = ERROR_CODES[extensions.code];
    expect([message, extensions.retryable]).toEqual([known, retryable]);
  });

  test('explains every warning', () => {
    const named = toCells(tableUnder('Warnings of a report', 'warning')).map(([code]) => code!);
    expect(named.sort()).toEqual([...valuesOf('CostReportWarningCode')].sort());
  });

  test('names only metrics that exist', () => {
    const source = PATHS.filter((path) => /^\/src\/telemetry\/.*\.ts$/.test(path)).map(readText);
    const names = [...readme.matchAll(/\bgateway_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !source.some((text) => text.includes(`'${name}'`)))).toEqual([]);
  });

  test.each(['AggregatedCostsFilter', 'WorkloadCostsFilter'])('maps every input of %s', (type) => {
    const schema = createSchema();
    const inputs = toCells(readSection('README.md', `filter: ${type}`)).map(([input]) => input!);
    expect(inputs.filter((input) => !hasInput(schema, type, input.split('.')))).toEqual([]);
    const documented = new Set(inputs.map((input) => input.split('.')[0]));
    expect([...documented].sort()).toEqual(fieldsOf(schema, type).sort());
  });

  test('names the fields and keys of entities as the schema has them', () => {
    const types = createSchema().getTypeMap();
    const rows = toCells(tableUnder('Compose', 'entity'));
    expect(rows).toHaveLength(3);
    for (const [name, key, field] of rows) {
      const type = types[name!];
      const costs = isObjectType(type) ? type.getFields()[field!.replace(/\(.*/, '')] : undefined;
      expect(`${costs?.name}(${costs?.args.map((each) => each.name).join(', ')})`).toBe(field);
      expect(readText('schema/gateway.graphql')).toContain(`type ${name} @key(fields: "${key}")`);
    }
  });

  test('shows a permissions file that is valid', () => {
    const problems: string[] = [];
    parsePermissionsFile(findBlock(blocks, 'Permissions', 'json'), problems);
    expect(problems).toEqual([]);
  });

  test('shows the settings of code generation that the tests use', () => {
    expect(readCodegenSettings(findBlock(blocks, 'Generated types', 'yaml'))).toEqual(readOwnSettings());
  });

  test('shows configurations that are YAML, for the version of federation in the schema', () => {
    const router = parseYaml(findBlock(blocks, 'Headers', 'yaml')) as object;
    expect(router).toHaveProperty('headers.subgraphs.costs.request');
    const rover = parseYaml(findBlock(blocks, 'Compose', 'yaml')) as { federation_version: string };
    const [, version] = /federation\/v([\d.]+)/.exec(readText('schema/gateway.graphql'))!;
    expect(rover.federation_version).toBe(`=${version}.0`);
  });

  test('shows a picture of reasonable size', () => {
    const [, path] = /!\[[^\]]+\]\(([^)]+\.png)\)/.exec(readme)!;
    const picture = readText(path!);
    expect(picture.slice(1, 4)).toBe('PNG');
    expect(picture.length).toBeLessThan(150_000);
  });
});

interface Facts {
  readonly status?: number;
  readonly retryable: boolean;
  readonly message: string;
}

interface ShownError {
  readonly message: string;
  readonly extensions: { readonly code: keyof typeof ERROR_CODES; readonly retryable: boolean };
}

/** The table under a heading, by the first word of its head. */
function tableUnder(heading: string, firstWord: string): string {
  const lines = readme.split(`# ${heading}\n`)[1]!.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${firstWord} |`));
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'));
  return lines.slice(from, from + length).join('\n');
}

function valuesOf(name: string): string[] {
  const type = createSchema().getType(name);
  return isEnumType(type) ? type.getValues().map((value) => value.name) : [];
}

function fieldsOf(schema: GraphQLSchema, name: string): string[] {
  const type = schema.getType(name);
  return isInputObjectType(type) ? Object.keys(type.getFields()) : [];
}

/** Whether the schema has an input at this path. */
function hasInput(schema: GraphQLSchema, name: string, [field, ...rest]: readonly string[]): boolean {
  const type = schema.getType(name);
  const found = isInputObjectType(type) ? type.getFields()[field!] : undefined;
  if (found === undefined || rest.length === 0) return found !== undefined;
  return hasInput(schema, getNamedType(found.type).name, rest);
}
