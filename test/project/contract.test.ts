// The contract with clients and the company supergraph: the schema follows it, and the check of CI
// (.ci/schema-check.mjs) finds breaking changes. The check runs unchanged, as a process, in real repositories.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Kind, parse, print, type DirectiveNode, type InputValueDefinitionNode } from 'graphql';
import { stringify } from 'yaml';
import { describe, expect, onTestFinished, test } from 'vitest';

import { ROOT, startProcess } from '../kit/processes/process.js';

const SCHEMA = 'schema/gateway.graphql';
const DECLARATIONS = 'schema/breaking-changes.yaml';

/** One of each changeable element, as a subgraph prints it: federation's directives are used and not defined. */
const SUBGRAPH = `
schema {
  query: Query
}

extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@tag", "@cost"])

directive @oneOf on INPUT_OBJECT
directive @cacheTag(format: String!) repeatable on OBJECT | FIELD_DEFINITION
directive @slow on FIELD

type Query {
  costs(filter: Filter, first: Int = 10, order: Order! = COST): [Row!] @cost(weight: 5)
  team(name: String!): Team
  old: Int @deprecated(reason: "Ask for costs.")
}

"""What one workload costs."""
type Row @key(fields: "cluster name") @key(fields: "id") {
  id: ID!
  cluster: String!
  name: String!
  total: Float @tag(name: "finance")
  hourly: Float
  team: Team
}

type Team @key(fields: "name", resolvable: true) {
  name: String!
  owner: String
  budget: Float @inaccessible
}

type Page @shareable {
  hasNext: Boolean!
  cursor: String
}

input Filter {
  names: [String!]
  exclude: Boolean = false
  limit: Int! = 100
  range: Range
}

input Range @oneOf {
  last: String
  since: String
}

input Label {
  key: String
  value: String
}

enum Order {
  COST
  NAME
}

scalar DateTime @specifiedBy(url: "https://example.com/a")
`;

/** The same SDL with one replacement. */
function withEdit(from: string, to: string): string {
  expect(SUBGRAPH.split(from), `${from} stands there once`).toHaveLength(2);
  return SUBGRAPH.replace(from, to);
}

/** The output of the check, by heading. */
interface Verdict {
  readonly code: number | null;
  readonly undeclared: readonly string[];
  readonly declared: readonly string[];
  readonly dangerous: readonly string[];
  readonly stale: readonly string[];
  readonly safe: number;
  readonly stdout: string;
  readonly stderr: string;
}

const GIT_ENV = { PATH: process.env.PATH ?? '', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };

interface Checkout {
  readonly folder: string;
  git(...args: string[]): void;
  write(file: string, text: string): Checkout;
  declare(...changes: readonly string[]): Checkout;
  commit(tag?: string): Checkout;
  /** Runs the check in the checkout, or in a folder of it. */
  check(subfolder?: string): Promise<Verdict>;
}

/** A checkout in its own folder: empty, or cloned from another one. */
function createCheckout(...clone: readonly string[]): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-contract-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const checkout: Checkout = {
    folder,
    git(...args) {
      const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
      execFileSync('git', [...identity, ...args], { cwd: folder, env: GIT_ENV, stdio: 'ignore' });
    },
    write(file, text) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
      return checkout;
    },
    declare: (...changes) =>
      checkout.write(
        DECLARATIONS,
        stringify(changes.map((change) => ({ change, since: '2.0.0', reason: 'Because.' }))),
      ),
    commit(tag) {
      checkout.git('add', '--all');
      checkout.git('commit', '--quiet', '--allow-empty', '--message', 'Change');
      if (tag !== undefined) checkout.git('tag', tag);
      return checkout;
    },
    check: (subfolder = '.') => runCheck(join(folder, subfolder)),
  };
  if (clone.length === 0) checkout.git('init', '--quiet', '--initial-branch=main');
  else checkout.git('clone', '--quiet', ...clone, '.');
  return checkout;
}

async function runCheck(cwd: string): Promise<Verdict> {
  const command = [process.execPath, join(ROOT, '.ci/schema-check.mjs')];
  const { code, stdout, stderr } = await startProcess(command, { cwd }).ended;
  const below = (title: string): string[] =>
    (new RegExp(`^${title}.*: \\d+\\n((?: {2}- .*\\n)+)`, 'm').exec(stdout)?.[1]?.match(/(?<=- ).+/g) ?? []).sort();
  return {
    code,
    undeclared: below('Breaking and not declared'),
    declared: below('Breaking and declared'),
    dangerous: below('Dangerous'),
    stale: below('Declared, and no change'),
    safe: Number(/^Safe changes: (\d+)$/m.exec(stdout)?.[1]),
    stdout,
    stderr,
  };
}

/** A checkout whose release v1.0.0 has this schema. */
const releaseOf = (sdl: string): Checkout => createCheckout().write(SCHEMA, sdl).commit('v1.0.0');

const checkEdit = (from: string, to: string): Promise<Verdict> =>
  releaseOf(SUBGRAPH).write(SCHEMA, withEdit(from, to)).check();

/** Changes that break clients or the supergraph: the text before and after, and the lines of the check. */
const BREAKING: readonly (readonly [title: string, from: string, to: string, ...lines: string[]])[] = [
  ['a removed field', '  hourly: Float\n', '', "Field 'hourly' was removed from object type 'Row'"],
  [
    'a removed field with its directives',
    '  total: Float @tag(name: "finance")\n',
    '',
    "Field 'total' was removed from object type 'Row'",
  ],
  [
    'a removed deprecated field',
    '  old: Int @deprecated(reason: "Ask for costs.")\n',
    '',
    "Field 'old' (deprecated) was removed from object type 'Query'",
  ],
  ['a removed type', 'scalar DateTime @specifiedBy(url: "https://example.com/a")', '', "Type 'DateTime' was removed"],
  [
    'another type of a field',
    'total: Float',
    'total: String',
    "Field 'Row.total' changed type from 'Float' to 'String'",
  ],
  ['a field that becomes nullable', 'id: ID!', 'id: ID', "Field 'Row.id' changed type from 'ID!' to 'ID'"],
  [
    'rows that becomes nullable',
    ': [Row!] @cost',
    ': [Row] @cost',
    "Field 'Query.costs' changed type from '[Row!]' to '[Row]'",
  ],
  ['a removed argument', 'filter: Filter, ', '', "Argument 'filter: Filter' was removed from field 'Query.costs'"],
  [
    'a new argument that is required',
    'filter: Filter,',
    'filter: Filter, currency: String!,',
    "Argument 'currency: String!' added to field 'Query.costs'",
  ],
  [
    'an argument that becomes required',
    'filter: Filter,',
    'filter: Filter!,',
    "Type for argument 'filter' on field 'Query.costs' changed from 'Filter' to 'Filter!'",
  ],
  [
    'another default of an argument',
    'first: Int = 10',
    'first: Int = 20',
    "Default value for argument 'first' on field 'Query.costs' changed from '10' to '20'",
  ],
  [
    'an argument that is required because its default is removed',
    'order: Order! = COST',
    'order: Order!',
    "Default value for argument 'order' on field 'Query.costs' changed from '\"COST\"' to 'undefined'",
  ],
  [
    'a removed input field',
    '  names: [String!]\n',
    '',
    "Input field 'names' was removed from input object type 'Filter'",
  ],
  [
    'a new input field that is required',
    '  range: Range\n',
    '  range: Range\n  unit: String!\n',
    "Input field 'unit' of type 'String!' was added to input object type 'Filter'",
  ],
  [
    'an input field that becomes required',
    'names: [String!]',
    'names: [String!]!',
    "Input field 'Filter.names' changed type from '[String!]' to '[String!]!'",
  ],
  [
    'another default of an input field',
    'exclude: Boolean = false',
    'exclude: Boolean = true',
    "Input field 'Filter.exclude' default value changed from 'false' to 'true'",
  ],
  [
    'an input field that is required because its default is removed',
    'limit: Int! = 100',
    'limit: Int!',
    "Input field 'Filter.limit' default value changed from '100' to 'undefined'",
  ],
  ['a removed enum value', '  NAME\n', '', "Enum value 'NAME' was removed from enum 'Order'"],
  [
    'an input that becomes @oneOf',
    'input Label {',
    'input Label @oneOf {',
    "Directive 'oneOf' was added to input object 'Label'",
  ],
  [
    'an object in place of a scalar',
    'scalar DateTime @specifiedBy(url: "https://example.com/a")',
    'type DateTime { at: String }',
    "'DateTime' kind changed from 'ScalarTypeDefinition' to 'ObjectTypeDefinition'",
  ],
  ['one of several keys that is removed', '@key(fields: "id") ', '', 'Row: @key(fields: "id") was removed'],
  [
    'an entity that loses its key',
    'type Team @key(fields: "name", resolvable: true) {',
    'type Team {',
    'Team: @key(fields: "name") was removed',
  ],
  [
    'another key',
    '@key(fields: "cluster name")',
    '@key(fields: "cluster")',
    'Row: @key(fields: "cluster name") was removed',
  ],
  [
    'an entity that this subgraph no longer resolves',
    'resolvable: true',
    'resolvable: false',
    'Team: @key(fields: "name") was removed',
  ],
  [
    'fields that other subgraphs may no longer resolve',
    'type Page @shareable {',
    'type Page {',
    'Page.cursor: @shareable was removed',
    'Page.hasNext: @shareable was removed',
  ],
  [
    'a field that the supergraph hides',
    'hourly: Float',
    'hourly: Float @inaccessible',
    'Row.hourly: @inaccessible was added',
  ],
  ['a type that the supergraph hides', 'type Page', 'type Page @inaccessible', 'Page: @inaccessible was added'],
  ['an enum value that the supergraph hides', '  NAME', '  NAME @inaccessible', 'Order.NAME: @inaccessible was added'],
  [
    'an argument that the supergraph hides, by a directive that is not imported',
    'first: Int = 10',
    'first: Int = 10 @federation__inaccessible',
    'Query.costs(first:): @inaccessible was added',
  ],
  [
    'a field that another subgraph resolves',
    'owner: String',
    'owner: String @external',
    'Team.owner: @external was added',
  ],
  [
    'a type whose fields another subgraph resolves',
    'type Page @shareable',
    'type Page @external @shareable',
    'Page.cursor: @external was added',
    'Page.hasNext: @external was added',
  ],
  [
    'a field that requires a scope',
    'hourly: Float',
    'hourly: Float @requiresScopes(scopes: [["costs"]])',
    'Row.hourly: @requiresScopes(scopes: [["costs"]]) was added',
  ],
  [
    'a type that requires authentication',
    'type Page @shareable',
    'type Page @authenticated @shareable',
    'Page: @authenticated was added',
  ],
  [
    'a field that requires a policy',
    'hourly: Float',
    'hourly: Float @policy(policies: [["costs"]])',
    'Row.hourly: @policy(policies: [["costs"]]) was added',
  ],
  [
    'an interface of another subgraph',
    'type Team @key',
    'type Team @interfaceObject @key',
    'Team: @interfaceObject was added',
  ],
  ['a removed directive of operations', 'directive @slow on FIELD\n', '', "Directive 'slow' was removed"],
  ['a removed tag', ' @tag(name: "finance")', '', 'Row.total: @tag(name: "finance") was removed'],
];

/** Changes that can break careless clients; the check reports them and passes. */
const DANGEROUS: readonly (readonly [title: string, from: string, to: string, ...lines: string[]])[] = [
  ['a new enum value', '  NAME\n', '  NAME\n  AGE\n', "Enum value 'AGE' was added to enum 'Order'"],
  [
    'a new argument that is optional',
    'filter: Filter,',
    'filter: Filter, unit: String,',
    "Argument 'unit: String' added to field 'Query.costs'",
  ],
  [
    'a new default',
    'names: [String!]',
    'names: [String!] = []',
    "Input field 'Filter.names' default value changed from 'undefined' to '[]'",
  ],
  ['a new tag', 'hourly: Float', 'hourly: Float @tag(name: "finance")', 'Row.hourly: @tag(name: "finance") was added'],
  [
    'a field taken over from another subgraph',
    'owner: String',
    'owner: String @override(from: "teams")',
    'Team.owner: @override(from: "teams") was added',
  ],
  [
    'a schema that no longer links federation',
    'extend schema\n  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@tag", "@cost"])\n',
    '',
    'schema: @link(url: "https://specs.apollo.dev/federation") was removed',
  ],
];

const LINK = 'extend schema\n  @link(url: "https://specs.apollo.dev/federation/v2.9"';

/** Changes that affect neither clients nor the supergraph. */
const SAFE: readonly (readonly [title: string, from: string, to: string])[] = [
  ['a new field', 'owner: String', 'owner: String\n  size: Int'],
  ['a new type', 'input Label {', 'type New @key(fields: "id") { id: ID! @inaccessible }\n\ninput Label {'],
  ['a new input field that is optional', '  range: Range\n', '  range: Range\n  unit: String\n'],
  ['a field that is no longer nullable', 'owner: String', 'owner: String!'],
  ['an argument that becomes optional', 'team(name: String!)', 'team(name: String)'],
  ['an input that is no longer @oneOf', 'input Range @oneOf {', 'input Range {'],
  ['a deprecation', 'hourly: Float', 'hourly: Float @deprecated(reason: "Ask for total.")'],
  ['another description', 'What one workload costs.', 'What a workload costs.'],
  ['a new key', 'type Team @key', 'type Team @key(fields: "owner") @key'],
  [
    'the order of keys',
    '@key(fields: "cluster name") @key(fields: "id")',
    '@key(fields: "id") @key(fields: "cluster name")',
  ],
  ['the order and the spacing within a key', '"cluster name"', '"name  cluster"'],
  ['an argument of a key that equals its default', ', resolvable: true', ''],
  ['fields that other subgraphs may also resolve', 'owner: String', 'owner: String @shareable'],
  [
    'a directive that moves from the type to its fields',
    'type Page @shareable {\n  hasNext: Boolean!\n  cursor: String',
    'type Page {\n  hasNext: Boolean! @shareable\n  cursor: String @shareable',
  ],
  [
    'a directive that moves to an extension',
    'type Team @key(fields: "name", resolvable: true) {',
    'extend type Team @key(fields: "name")\n\ntype Team @cost(weight: 1) {',
  ],
  ['a field that the supergraph no longer hides', ' @inaccessible', ''],
  ['a newer federation with more directives', LINK, LINK.replace('v2.9"', 'v2.12", as: "fed"')],
  ['another cost', '@cost(weight: 5)', '@cost(weight: 50) @listSize(assumedSize: 10)'],
  ['no cost', ' @cost(weight: 5)', ''],
  ['a cache tag', 'hourly: Float', 'hourly: Float @cacheTag(format: "row")'],
  [
    'a definition that no operation can use',
    'directive @cacheTag(format: String!) repeatable on OBJECT | FIELD_DEFINITION\n',
    '',
  ],
  ['a definition that graphql provides', 'directive @oneOf on INPUT_OBJECT\n', ''],
  ['a type that is only an extension', 'type Page @shareable {', 'extend type Page @shareable {'],
];

describe('the schema check', () => {
  test.each(BREAKING)('fails on %s', async (_title, from, to, ...lines) => {
    const { code, undeclared, dangerous } = await checkEdit(from, to);
    expect({ code, undeclared, dangerous }).toEqual({ code: 1, undeclared: lines, dangerous: [] });
  });

  test.each(DANGEROUS)('reports %s and passes', async (_title, from, to, ...lines) => {
    const { code, undeclared, dangerous } = await checkEdit(from, to);
    expect({ code, undeclared, dangerous }).toEqual({ code: 0, undeclared: [], dangerous: lines });
  });

  test.each(SAFE)('passes %s', async (_title, from, to) => {
    const { code, undeclared, dangerous } = await checkEdit(from, to);
    expect({ code, undeclared, dangerous }).toEqual({ code: 0, undeclared: [], dangerous: [] });
  });

  test('finds no change between equal schemas, and counts safe changes', async () => {
    const checkout = releaseOf(SUBGRAPH);
    expect(await checkout.check()).toMatchObject({
      code: 0,
      safe: 0,
      stdout: expect.stringContaining('v1.0.0') as string,
    });
    checkout.write(SCHEMA, withEdit('owner: String', 'owner: String\n  size: Int\n  floor: Int'));
    expect(await checkout.check()).toMatchObject({ code: 0, safe: 2 });
  });

  test('passes a schema without federation that becomes a subgraph', async () => {
    const plain =
      'type Query { team(name: String!): Team }\ntype Team { name: String! }\ninput Range @oneOf { last: Int }';
    const subgraph = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])
      directive @oneOf on INPUT_OBJECT
      ${plain.replace('type Team', 'type Team @key(fields: "name")')}`;
    expect(await releaseOf(plain).write(SCHEMA, subgraph).check()).toMatchObject({ code: 0, dangerous: [] });
    expect(await releaseOf(subgraph).write(SCHEMA, plain).check()).toMatchObject({
      code: 1,
      undeclared: ['Team: @key(fields: "name") was removed'],
    });
  });
});

describe('a breaking change', () => {
  const LOST_FIELD = "Field 'hourly' was removed from object type 'Row'";
  const LOST_KEY = 'Row: @key(fields: "id") was removed';
  const WITHOUT_FIELD = withEdit('  hourly: Float\n', '');

  test('passes when it is declared', async () => {
    const checkout = releaseOf(SUBGRAPH).write(SCHEMA, WITHOUT_FIELD).declare(LOST_FIELD);
    const verdict = await checkout.check();
    expect(verdict).toMatchObject({ code: 0, undeclared: [], stale: [] });
    expect(verdict.declared).toEqual([`${LOST_FIELD} (since 2.0.0: Because.)`]);
  });

  test('fails when only another change is declared', async () => {
    const sdl = WITHOUT_FIELD.replace('@key(fields: "id") ', '');
    const verdict = await releaseOf(SUBGRAPH).write(SCHEMA, sdl).declare(LOST_FIELD).check();
    expect(verdict).toMatchObject({ code: 1, undeclared: [LOST_KEY], stale: [] });
    expect(verdict.declared).toHaveLength(1);
  });

  test('is declared by the entry that the check prints, once it is completed', async () => {
    const sdl = WITHOUT_FIELD.replace('@key(fields: "id") ', '').replace('filter: Filter, ', '');
    const checkout = releaseOf(SUBGRAPH).write(SCHEMA, sdl);
    const { stdout, undeclared } = await checkout.check();
    expect(undeclared).toHaveLength(3);
    const printed = stdout.slice(stdout.indexOf('\n- change:'));
    expect(await checkout.write(DECLARATIONS, printed).check()).toMatchObject({ code: 1 });
    const filled = printed.replaceAll('since: ""', 'since: 2.0.0').replaceAll('reason: ""', 'reason: Because.');
    expect(await checkout.write(DECLARATIONS, filled).check()).toMatchObject({ code: 0, undeclared: [] });
  });

  test('makes its declaration stale when it is reverted, which fails', async () => {
    const verdict = await releaseOf(SUBGRAPH).declare(LOST_FIELD).check();
    expect(verdict).toMatchObject({ code: 1, undeclared: [], stale: [LOST_FIELD] });
    expect(verdict.stdout).toContain(`Take out of ${DECLARATIONS}`);
  });

  test('of the last release must not be declared, except in the release commit itself', async () => {
    const checkout = releaseOf(SUBGRAPH).write(SCHEMA, WITHOUT_FIELD).declare(LOST_FIELD).commit();
    expect(await checkout.check()).toMatchObject({ code: 0 });
    checkout.git('tag', 'v2.0.0');
    expect(await checkout.check()).toMatchObject({ code: 0, stale: [] });
    expect(await checkout.commit().check()).toMatchObject({ code: 1, stale: [LOST_FIELD] });
    expect(await checkout.write(DECLARATIONS, '# None since v2.0.0.\n').check()).toMatchObject({ code: 0, stale: [] });
  });

  test.each([
    ['is no list', 'change: x'],
    ['has an entry without a reason', '- { change: x, since: 2.0.0 }'],
    ['has an entry with an empty reason', '- { change: x, since: 2.0.0, reason: " " }'],
    ['is no YAML', '- "x'],
  ])('is not declared by a file that %s, and the check says so', async (_title, text) => {
    const { code, stderr } = await releaseOf(SUBGRAPH).write(SCHEMA, WITHOUT_FIELD).write(DECLARATIONS, text).check();
    expect(code).toBe(1);
    expect(stderr).toContain(DECLARATIONS);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('the last release', () => {
  const FIRST = 'type Query { a: Int }';
  const SECOND = 'type Query { a: Int b: Int }';
  const THIRD = 'type Query { a: Int b: Int c: Int }';
  const LOST_B = "Field 'b' was removed from object type 'Query'";
  const LOST_C = "Field 'c' was removed from object type 'Query'";

  test('is the tag, even if main has later commits', async () => {
    const checkout = releaseOf(FIRST).write(SCHEMA, SECOND).commit();
    expect(await checkout.write(SCHEMA, FIRST).check()).toMatchObject({ code: 0, undeclared: [] });
  });

  test('is the newest of several tags, by version', async () => {
    const checkout = releaseOf(FIRST).write(SCHEMA, SECOND).commit('v1.9.0').write(SCHEMA, THIRD).commit('v1.10.0');
    const verdict = await checkout.write(SCHEMA, FIRST).check();
    expect(verdict).toMatchObject({ code: 1, undeclared: [LOST_B, LOST_C] });
    expect(verdict.stdout).toMatch(/against v1\.10\.0$/m);
  });

  test.each(['v2.0.0-rc.1', 'vendored', 'other'])('ignores a tag such as %s', async (tag) => {
    const checkout = releaseOf(FIRST).write(SCHEMA, SECOND).commit(tag).write(SCHEMA, FIRST);
    expect((await checkout.check()).stdout).toMatch(/against v1\.0\.0$/m);
  });

  test('ignores tags of another branch', async () => {
    const checkout = releaseOf(FIRST);
    checkout.git('checkout', '--quiet', '-b', 'next');
    checkout.write(SCHEMA, SECOND).commit('v2.0.0');
    checkout.git('checkout', '--quiet', 'main');
    expect((await checkout.check()).stdout).toMatch(/against v1\.0\.0$/m);
  });

  test('is main when there is no tag, whatever tags and files are called main', async () => {
    const checkout = createCheckout()
      .write(SCHEMA, FIRST)
      .write('main', '')
      .commit('main')
      .write(SCHEMA, SECOND)
      .commit();
    checkout.git('checkout', '--quiet', '-b', 'work');
    expect(await checkout.write(SCHEMA, FIRST).commit().check()).toMatchObject({ code: 1, undeclared: [LOST_B] });
  });

  test('is found from a detached HEAD and from a subfolder', async () => {
    const checkout = releaseOf(SECOND).write(SCHEMA, FIRST).commit();
    checkout.git('checkout', '--quiet', '--detach');
    expect(await checkout.check('schema')).toMatchObject({ code: 1, undeclared: [LOST_B] });
  });

  test('is the tag in a clone, and origin/main in a clone with neither tags nor main', async () => {
    const { folder } = releaseOf(FIRST).write(SCHEMA, SECOND).commit();
    const whole = createCheckout(folder).write(SCHEMA, FIRST);
    expect(await whole.check()).toMatchObject({ code: 0, undeclared: [] });
    const bare = createCheckout('--no-tags', folder).write(SCHEMA, FIRST);
    bare.git('checkout', '--quiet', '--detach');
    bare.git('branch', '--quiet', '--delete', '--force', 'main');
    const verdict = await bare.check();
    expect(verdict).toMatchObject({ code: 1, undeclared: [LOST_B] });
    expect(verdict.stdout).toMatch(/against origin\/main$/m);
  });

  test('can be missing in a shallow clone, and the check says so', async () => {
    const { folder } = releaseOf(FIRST).write(SCHEMA, SECOND).commit();
    const { code, stdout } = await createCheckout('--depth=1', `file://${folder}`).check();
    expect(code).toBe(0);
    expect(stdout).toContain('git fetch --tags --unshallow');
  });

  test('is missing when there is neither a tag nor main: the check fails and says so', async () => {
    const checkout = createCheckout().write(SCHEMA, FIRST).commit();
    checkout.git('branch', '--move', 'trunk');
    const { code, stdout, stderr } = await checkout.check();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^There is nothing to compare with: .*\n$/);
  });

  test('can have no schema; then everything is new', async () => {
    const checkout = createCheckout().commit('v1.0.0').write(SCHEMA, FIRST);
    const { code, stdout } = await checkout.check();
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${SCHEMA} against v1.0.0, which has none: all of it is new\nSafe changes: 0\n`,
    });
  });
});

describe('the schema check reports in one line, with its place,', () => {
  test.each([
    [
      'a syntax error',
      'type Query {\n  a Int\n}',
      /gateway\.graphql is not valid: Syntax Error: .*gateway\.graphql:2:5/s,
    ],
    ['an unknown type', 'type Query { a: Nothing }', /gateway\.graphql is not valid: Unknown type "Nothing"/],
    ['a type that is defined twice', 'type Query { a: Int }\ntype Query { b: Int }', /only one type named "Query"/],
    ['an invalid key', 'type Query @key(fields: "}") { a: Int }', /gateway\.graphql is not valid: /],
  ])('%s', async (_title, sdl, message) => {
    const { code, stderr } = await releaseOf('type Query { a: Int }').write(SCHEMA, sdl).check();
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at |node:internal|\.m?js:\d/m);
  });

  test('a syntax error in the release', async () => {
    const { code, stderr } = await releaseOf('type Query {').write(SCHEMA, 'type Query { a: Int }').check();
    expect(code).toBe(1);
    expect(stderr).toContain(`${SCHEMA} of v1.0.0 is not valid: Syntax Error: `);
  });

  test('a missing schema', async () => {
    const checkout = releaseOf('type Query { a: Int }');
    rmSync(join(checkout.folder, SCHEMA));
    const { code, stderr } = await checkout.check();
    expect({ code, stderr }).toEqual({ code: 1, stderr: `There is no ${SCHEMA}: \`npm run schema\` writes it.\n` });
  });

  test('a missing repository', async () => {
    const checkout = releaseOf('type Query { a: Int }');
    rmSync(join(checkout.folder, '.git'), { recursive: true });
    const { code, stderr } = await checkout.check();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^git rev-parse failed: .*not a git repository/);
  });
});

/** The promises of an SDL by type, one per line, and the coordinates of its required inputs. */
function promisesOf(sdl: string): { readonly byType: Map<string, string[]>; readonly required: string[] } {
  const byType = new Map<string, string[]>();
  const required: string[] = [];
  const addInput = (lines: string[], path: string, { name, type, defaultValue }: InputValueDefinitionNode): void => {
    const suffix = defaultValue === undefined ? '' : ` = ${print(defaultValue)}`;
    lines.push(`${path}${name.value}: ${print(type)}${suffix}`);
    if (type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined) required.push(`${path}${name.value}`);
  };
  for (const node of parse(sdl).definitions) {
    if (!('name' in node) || node.kind === Kind.DIRECTIVE_DEFINITION) continue;
    const typeName = node.name.value;
    const lines = byType.get(typeName) ?? [];
    byType.set(typeName, lines);
    const kind = node.kind.replace(/Type(Definition|Extension)/, '');
    lines.push(
      `${kind} ${typeName}`,
      ...(node.directives ?? []).flatMap(toPromise).map((text) => `${typeName} ${text}`),
    );
    if ('values' in node) lines.push(...(node.values ?? []).map(({ name }) => `${typeName}.${name.value}`));
    if (!('fields' in node)) continue;
    for (const field of node.fields ?? []) {
      if (field.kind === Kind.INPUT_VALUE_DEFINITION) {
        addInput(lines, `${typeName}.`, field);
        continue;
      }
      lines.push(`${typeName}.${field.name.value}: ${print(field.type)}`);
      for (const arg of field.arguments ?? []) addInput(lines, `${typeName}.${field.name.value} `, arg);
    }
  }
  return { byType, required };
}

/** Directives that define what a client or another subgraph may send; a key in any order. */
function toPromise({ name, arguments: args = [] }: DirectiveNode): string[] {
  if (name.value === 'oneOf') return ['@oneOf'];
  if (name.value !== 'key') return [];
  const fields = args.find((arg) => arg.name.value === 'fields')?.value;
  return [`@key ${fields?.kind === Kind.STRING ? fields.value.split(/\s+/).sort().join(' ') : ''}`];
}

describe('schema/gateway.graphql keeps the public contract', () => {
  const contract = promisesOf(readFileSync(join(ROOT, 'test/kit/clients/public-contract.graphql'), 'utf8'));
  const gateway = promisesOf(readFileSync(join(ROOT, SCHEMA), 'utf8'));

  test('with 56 types', () => {
    expect(contract.byType.size).toBe(56);
  });

  test.each([...contract.byType])('of %s', (typeName, lines) => {
    const kept = gateway.byType.get(typeName) ?? [];
    expect(lines.filter((line) => !kept.includes(line))).toEqual([]);
  });

  test('without further required inputs', () => {
    const isOfContract = (coordinate: string): boolean => contract.byType.has(coordinate.split('.')[0]!);
    const more = gateway.required.filter(isOfContract).filter((coordinate) => !contract.required.includes(coordinate));
    expect(more).toEqual([]);
    const oneOfs = ({ byType }: typeof contract): string[] =>
      [...byType].filter(([name, lines]) => lines.includes(`${name} @oneOf`)).map(([name]) => name);
    expect(oneOfs(gateway).filter(isOfContract).sort()).toEqual(oneOfs(contract).sort());
  });
});
