// Parses the upstream's JSON: unusual data without errors, and responses that are no cost report. Tests start from JSON
// text where JSON.parse matters: 1e400, `__proto__`, lone surrogates.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ReportShapeError } from '../../src/report/parse/envelope/envelope.js';
import { decodeReport } from '../../src/report/parse/json-parser.js';
import { createFastParser } from '../../src/report/parse/fast-parser.js';
import { toReport } from '../../src/report/report-data.js';
import type { ReportRow } from '../../src/report/row.js';
import { readReport } from '../kit/report.js';

const NUMBER_FIELDS = [
  'totalCost',
  'hourlyCost',
  'savingsAvailable',
  'savingsAvailableWithReplicas',
  'onDemandHours',
  'onDemandPercent',
  'spotHours',
  'spotPercent',
  'ownerCpuRequest',
  'ownerGpuRequest',
  'ownerMemoryRequest',
  'replicas',
] as const;
const TEXT_FIELDS = ['clusterName', 'namespace', 'workloadName', 'workloadType'] as const;
const FIELDS = [
  'scaleOpsId',
  ...TEXT_FIELDS,
  'amountOfWorkloads',
  'labels',
  'annotations',
  'ownerLabels',
  'services',
  ...NUMBER_FIELDS,
] as const;

type Row = Pick<ReportRow, (typeof FIELDS)[number]>;

/** The rows as plain objects, independent of their representation. */
function rowsOf(json: unknown): Row[] {
  const { rows } = readReport(json).selectRows({});
  return [...rows].map((row) => Object.fromEntries(FIELDS.map((field) => [field, row[field]])) as unknown as Row);
}

function decodeRow(row: unknown): Row {
  return rowsOf({ aggregatedWorkloads: [row] })[0]!;
}

const parseRow = (text: string): Row => decodeRow(JSON.parse(text));

/** The count of unreadable numbers in these rows. */
function unreadableIn(...rows: unknown[]): number {
  const { warnings } = decodeReport({ aggregatedWorkloads: rows }).report;
  return warnings.reduce((sum, { code, count }) => sum + (code === 'UNREADABLE_NUMBER' ? count : 0), 0);
}

describe('a response that is no cost report', () => {
  test.each<[unknown, string]>([
    ['text', 'the answer is not an object'],
    [null, 'the answer is not an object'],
    [undefined, 'the answer is not an object'],
    [7, 'the answer is not an object'],
    [[], 'the answer is not an object'],
    [{}, 'the answer has no aggregatedWorkloads'],
    [JSON.parse('{"__proto__":{"aggregatedWorkloads":[]}}'), 'the answer has no aggregatedWorkloads'],
    [{ aggregatedWorkloads: {} }, 'aggregatedWorkloads is not a list'],
    [{ aggregatedWorkloads: 'secret' }, 'aggregatedWorkloads is not a list'],
    [{ aggregatedWorkloads: [1, 'secret'] }, 'no row is an object'],
    [{ aggregatedWorkloads: [null] }, 'no row is an object'],
    [{ aggregatedWorkloads: [[]] }, 'no row is an object'],
  ])('%j is refused: %s', (json, message) => {
    expect(() => decodeReport(json)).toThrow(new ReportShapeError(message));
  });
});

describe('a list of clusters', () => {
  const respond = (count: number) => ({
    aggregatedWorkloads: [],
    clusters: Array.from({ length: count }, (_, at) => `cluster-${at}`),
  });
  const parse = createFastParser();

  test('is refused by both parsers when it has more than 100,000 names', () => {
    const json = respond(100_001);
    expect(() => decodeReport(json)).toThrow(new ReportShapeError('clusters lists more than 100000 names'));
    expect(parse(Buffer.from(JSON.stringify(json)))).toBeUndefined();
  });

  test('counts as part of the size of the report', () => {
    const size = (count: number) => decodeReport(respond(count)).report.byteSize;
    const read = (count: number) => toReport(parse(Buffer.from(JSON.stringify(respond(count))))!).byteSize;
    expect(size(100_000) - size(0)).toBeGreaterThan(100_000 * 'cluster-12345'.length);
    expect(read(100_000) - read(0)).toBe(size(100_000) - size(0));
  });
});

describe('the size of a report', () => {
  const size = (row: (at: number) => object) =>
    decodeReport({ aggregatedWorkloads: Array.from({ length: 1_000 }, (_, at) => row(at)) }).report.byteSize;

  test('grows with distinct names, labels and clusters', () => {
    const plain = size(() => ({ id: 'id', workloadName: 'name' }));
    expect(size((at) => ({ id: 'id', workloadName: `name-${at}` }))).toBeGreaterThan(plain + 1_000 * 8);
    // Characters and index entries, and the entry that finds the text.
    expect(size((at) => ({ id: 'id', workloadName: 'name', labels: { app: `app-${at}` } }))).toBeGreaterThan(
      plain + 1_000 * (7 + 5 * 4),
    );
    expect(size((at) => ({ id: 'id', workloadName: 'name', clusterName: `c-${at}` }))).toBeGreaterThan(
      plain + 1_000 * 64,
    );
  });
});

describe('lists', () => {
  test('are empty when they are null', () => {
    const report = readReport({ aggregatedWorkloads: null, clusters: null });
    expect(report.selectRows({})).toMatchObject({ rows: [], totalCount: 0 });
    expect(report.clusters).toEqual([]);
    expect(decodeRow({ ownerLabels: null, services: null })).toMatchObject({ ownerLabels: [], services: [] });
  });

  test('keep duplicate rows, in their order', () => {
    const rows = rowsOf({ aggregatedWorkloads: [{ id: 'a', totalCost: 1 }, { id: 'b' }, { id: 'a', totalCost: 1 }] });
    expect(rows.map(({ scaleOpsId }) => scaleOpsId)).toEqual(['a', 'b', 'a']);
  });

  test('of names omit other values', () => {
    expect(decodeRow({ services: ['web', null, '', {}, 7, 'web'] }).services).toEqual(['web', '7', 'web']);
  });

  test('are empty when the value is no list', () => {
    expect(decodeRow({ services: 'web', ownerLabels: 7 })).toMatchObject({ services: [], ownerLabels: [] });
  });
});

describe('fields', () => {
  test('are null when they are missing, never 0', () => {
    const row = decodeRow({});
    for (const field of [...NUMBER_FIELDS, 'amountOfWorkloads', ...TEXT_FIELDS, 'labels', 'annotations'] as const) {
      expect(row[field], field).toBeNull();
    }
    expect(unreadableIn({})).toBe(0);
  });

  test('are null when they are null or empty', () => {
    const names = [...NUMBER_FIELDS, 'amountOfWorkloads', ...TEXT_FIELDS] as const;
    for (const nothing of [null, '']) {
      const row = Object.fromEntries(names.map((name) => [name, nothing]));
      for (const name of names) expect(decodeRow(row)[name], name).toBeNull();
      expect(unreadableIn(row)).toBe(0);
    }
  });

  test('stay 0 when they are 0', () => {
    expect(decodeRow({ totalCost: 0, amountOfWorkloads: 0 })).toMatchObject({ totalCost: 0, amountOfWorkloads: 0 });
  });

  test('are ignored when they are unknown', () => {
    expect(parseRow('{"id":"a","novelty":{"deep":[1]},"__proto__":{"totalCost":9},"toString":"x"}')).toEqual(
      decodeRow({ id: 'a' }),
    );
  });

  test('are read into the field of their name', () => {
    const numbers = Object.fromEntries(NUMBER_FIELDS.map((field, index) => [field, index + 0.5]));
    const texts = Object.fromEntries(TEXT_FIELDS.map((field) => [field, `the ${field}`]));
    expect(decodeRow({ ...numbers, ...texts, amountOfWorkloads: 99 })).toMatchObject({
      ...numbers,
      ...texts,
      amountOfWorkloads: 99,
    });
  });
});

describe('numbers', () => {
  test.each<[string, number]>([
    ['"12.5"', 12.5],
    ['"0"', 0],
    ['"-3e2"', -300],
    ['-4.25', -4.25],
    ['"-4.25"', -4.25],
    ['1e308', 1e308],
    ['9007199254740993', 9_007_199_254_740_992],
  ])('%s is a number', (text, number) => {
    expect(parseRow(`{"totalCost":${text}}`).totalCost).toBe(number);
    expect(unreadableIn({ totalCost: JSON.parse(text) as unknown })).toBe(0);
  });

  test.each([
    '1e400',
    '-1e400',
    '"1e400"',
    '"NaN"',
    '"Infinity"',
    '"0x10"',
    '" 1 "',
    '" "',
    '"1,5"',
    '"+1"',
    '".5"',
    '"12 USD"',
    'true',
    '[]',
    '[1]',
    '{}',
  ])('%s becomes null and is counted', (text) => {
    expect(parseRow(`{"totalCost":${text}}`).totalCost).toBeNull();
    expect(unreadableIn({ totalCost: JSON.parse(text) as unknown })).toBe(1);
  });

  test('that are unreadable are counted over all rows', () => {
    const row = { totalCost: Infinity, replicas: 'NaN', amountOfWorkloads: 1.5, hourlyCost: 1 };
    expect(unreadableIn(row, {}, row)).toBe(6);
  });

  test.each<[unknown, number | null]>([
    [2_147_483_647, 2_147_483_647],
    ['12', 12],
    [-1, -1],
    [2_147_483_648, null],
    [-2_147_483_649, null],
    ['2147483648', null],
    [1.5, null],
    [1e300, null],
  ])('of workloads: %j becomes %j, because Int has 32 bits', (value, count) => {
    const row = { amountOfWorkloads: value };
    expect(decodeRow(row).amountOfWorkloads).toBe(count);
    expect(unreadableIn(row)).toBe(count === null ? 1 : 0);
  });
});

const KEYS = ['team', '__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', '🦊', '\ud800'];

/** Keys that Kubernetes does not allow. Labels in a text must have allowed keys. */
const OTHER_KEYS: readonly string[] = ['__proto__', '🦊', '\ud800'];

describe.each(KEYS)('a label called %j', (key) => {
  const prototypeBefore = Object.getOwnPropertyNames(Object.prototype);

  test.each<[string, string]>([
    ['a map', `{${JSON.stringify(key)}:"v"}`],
    ['a list of {key, value}', `[{"key":${JSON.stringify(key)},"value":"v"}]`],
    ['a list of "key=value"', `[${JSON.stringify(`${key}=v`)}]`],
  ])('in %s stays data', (_shape, labels) => {
    const isRead = !(labels.startsWith('["') && OTHER_KEYS.includes(key));
    for (const field of ['labels', 'annotations', 'ownerLabels'] as const) {
      const row = parseRow(`{"${field}":${labels}}`);
      expect(row[field]).toEqual(isRead ? [{ key, value: 'v' }] : []);
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeBefore);
    expect(({} as Record<string, unknown>).v).toBeUndefined();
  });
});

describe('labels', () => {
  test('distinguish null from an empty list, except for ownerLabels', () => {
    expect(decodeRow({ labels: null, annotations: null, ownerLabels: null })).toMatchObject({
      labels: null,
      annotations: null,
      ownerLabels: [],
    });
    expect(decodeRow({ labels: [], annotations: {} })).toMatchObject({ labels: [], annotations: [] });
  });

  test.each<[string, unknown, readonly (readonly [string, string])[]]>([
    [
      'with an empty value',
      ['team=', { key: 'a', value: '' }],
      [
        ['team', ''],
        ['a', ''],
      ],
    ],
    [
      'without a value',
      ['team', { key: 'a' }, { key: 'b', value: null }],
      [
        ['team', ''],
        ['a', ''],
        ['b', ''],
      ],
    ],
    ['with "=" in the value', ['team=a=b'], [['team', 'a=b']]],
    [
      'with a number or a boolean',
      { n: 1, b: false },
      [
        ['n', '1'],
        ['b', 'false'],
      ],
    ],
    ['without a key', ['=v', { value: 'v' }, { key: '', value: 'v' }, null, 7, []], []],
    [
      'twice',
      ['team=a', 'team=a', 'team=b'],
      [
        ['team', 'a'],
        ['team', 'a'],
        ['team', 'b'],
      ],
    ],
  ])('%s', (_title, labels, pairs) => {
    expect(decodeRow({ labels }).labels).toEqual(pairs.map(([key, value]) => ({ key, value })));
  });

  test('of several rows stay apart', () => {
    const rows = rowsOf({
      aggregatedWorkloads: [{ labels: { a: 'b' } }, { labels: { b: 'a' } }, { labels: { a: 'a', b: 'b' } }],
    });
    expect(rows.map(({ labels }) => labels)).toEqual([
      [{ key: 'a', value: 'b' }],
      [{ key: 'b', value: 'a' }],
      [
        { key: 'a', value: 'a' },
        { key: 'b', value: 'b' },
      ],
    ]);
  });
});

describe('labels in other shapes', () => {
  const read = (labels: unknown) => {
    const { report } = decodeReport({ aggregatedWorkloads: [{ id: 'a', labels }] });
    const [row] = rowsOf({ aggregatedWorkloads: [{ id: 'a', labels }] });
    const isOdd = report.warnings.some(({ code, field }) => code === 'UNREADABLE_LABELS' && field === 'labels');
    return [(row!.labels ?? []).map(({ key, value }) => `${key}=${value}`).join(), isOdd ? 'warning' : ''];
  };

  test.each<[unknown, string]>([
    [[{ name: 'team', value: 'a' }], 'team=a'],
    [
      [
        { Key: 'team', Value: 'a' },
        { Name: 'env', Value: 7 },
      ],
      'team=a,env=7',
    ],
    [[{ key: 'team', value: 'a', source: 'x' }], 'team=a'],
    [[{ key: 'team' }, { name: 'env' }], 'team=,env='],
    ['team=a,env=prod', 'team=a,env=prod'],
    [' app.kubernetes.io/name=a=b , env= ,', 'app.kubernetes.io/name=a=b,env='],
    [{ team: ['a', 'b'], env: [], tier: [null, 'x'], zone: [null], unit: ['', 'x'] }, 'team=a,env=,tier=x,zone=,unit='],
    [[{ key: 'team', value: ['a', 'b'] }], 'team=a'],
    [{ key: 'team', value: 'a' }, 'team=a'],
    [{ Name: 'team', VALUE: 'a' }, 'team=a'],
    [{ key: 'team', value: 'a', env: 'b' }, 'key=team,value=a,env=b'],
    [{ key: 'team' }, 'key=team'],
    [[{ NAME: 'team', vaLue: 'a' }], 'team=a'],
    [['team=a,env=prod', 'tier=x'], 'team=a,env=prod,tier=x'],
    [['team', 'example.com/env'], 'team=,example.com/env='],
    [['note=a=b:c/d [e]'.replace(' ', '')], 'note=a=b:c/d[e]'],
    [[null, ''], ''],
    ['', ''],
    [null, ''],
  ])('%j are read', (labels, text) => {
    expect(read(labels)).toEqual([text, '']);
  });

  test.each<[unknown, string]>([
    [7, ''],
    [true, ''],
    ['team', ''],
    ['team=a,b', ''],
    ['team=a;env=prod', ''],
    ['team=a env=prod', ''],
    ['team=a\tb', ''],
    ['team=a\u00a0b', ''],
    ['-team=a', ''],
    ['team:a', ''],
    ['Example.com/team=a', ''],
    ['a/b/c=d', ''],
    [`${'k'.repeat(64)}=v`, ''],
    [['team:a'], ''],
    [['map[team:a]'], ''],
    [['{"team":"a"}'], ''],
    [['team=a,env'], ''],
    [['team=a,map[env:b]=c', 'env=b'], 'env=b'],
    [['team=a;env=prod'], ''],
    [['team=a env=prod', 'env=b'], 'env=b'],
    [['team a'], ''],
    [{ key: null, value: 'a' }, ''],
    [{ key: 'team', value: { a: 'b' } }, ''],
    [{ team: [null, { a: 'b' }] }, ''],
    ['{"team":"a"}', ''],
    ['map[team:a]', ''],
    [[['team', 'a']], ''],
    [[{ team: 'a' }], ''],
    [[{ key: 'team', val: 'a' }], ''],
    [[{ value: 'a' }], ''],
    [['=a', 'env=b'], 'env=b'],
    [[7, { key: 'env', value: 'b' }], 'env=b'],
    [{ team: { name: 'a' }, env: 'b' }, 'env=b'],
    [{ team: [['a']], '': 'x' }, ''],
  ])('%j are unreadable', (labels, text) => {
    expect(read(labels)).toEqual([text, 'warning']);
  });
});

describe('annotations in a text', () => {
  const read = (annotations: unknown) => {
    const { report } = decodeReport({ aggregatedWorkloads: [{ id: 'a', annotations }] });
    const [row] = rowsOf({ aggregatedWorkloads: [{ id: 'a', annotations }] });
    const isOdd = report.warnings.some(({ code, field }) => code === 'UNREADABLE_LABELS' && field === 'annotations');
    return [(row!.annotations ?? []).map(({ key, value }) => [key, value]), isOdd];
  };

  test.each<[unknown, readonly (readonly [string, string])[]]>([
    [['note=first; then second'], [['note', 'first; then second']]],
    ['note=a b; c', [['note', 'a b; c']]],
    [
      ['a=x y,b=z'],
      [
        ['a', 'x y'],
        ['b', 'z'],
      ],
    ],
  ])('%j have any value', (annotations, pairs) => {
    expect(read(annotations)).toEqual([pairs, false]);
  });

  test.each([[['note=first, then second']], ['note=first, then second'], [['a note=x']]])(
    '%j are unreadable',
    (annotations) => {
      expect(read(annotations)).toEqual([[], true]);
    },
  );

  test('of many blanks are read in linear time', () => {
    const blanks = ' '.repeat(1_000_000);
    expect(read([`note=a${blanks}b`])).toEqual([[['note', `a${blanks}b`]], false]);
    expect(read(`a${blanks}=b`)).toEqual([[], true]);
  });
});

describe('a member that may report missing data', () => {
  const fieldsOf = (more: object) =>
    decodeReport({ aggregatedWorkloads: [{}], ...more })
      .report.warnings.filter(({ code }) => code === 'PARTIAL_ANSWER')
      .map(({ field }) => field);

  test.each([
    ...[null, '', ' ', 0, false, [], {}, 'FALSE', '0', 'None', [null, ''], { omittedEntries: 0 }],
    { count: 0, total: '0', items: [], clusters: {}, message: '' },
  ])('is ignored when it is %j', (value) => {
    expect(
      fieldsOf({ error: value, errors: [value], truncation: value, hasMore: value, failedClusters: value }),
    ).toEqual([]);
  });

  test.each(['x', 1, true, ['x'], { omittedEntries: 499 }, { limit: 500, omittedEntries: '1' }, { a: { b: ['c'] } }])(
    'reports missing data when it is %j',
    (value) => {
      expect(fieldsOf({ error: value, truncation: value })).toEqual(['error', 'truncation']);
    },
  );

  test('with a count or a flag is decided by these, whatever other values it has', () => {
    const none = [
      { limit: 500, omittedEntries: 0 },
      { note: 'all', isPartial: 'False' },
    ];
    for (const truncation of none) expect(fieldsOf({ truncation, partialResult: [truncation] })).toEqual([]);
  });

  test.each([
    [{ error: { message: 'x', failedNodes: [] } }, 'error'],
    [{ error: { message: 'x', isPartial: false } }, 'error'],
    [{ errors: [{ message: 'x', skipped: 0 }] }, 'errors'],
    [{ failures: [{ omitted: 0, reason: 'x' }] }, 'failures'],
    [{ failedClusters: [{ name: 'c2', failedPods: 0 }] }, 'failedClusters'],
    [{ missingNamespaces: [{ name: 'a', missingRows: 0 }] }, 'missingNamespaces'],
  ])('about errors and failures reports missing data, even beside zero counts: %j', (more, field) => {
    expect(fieldsOf(more)).toEqual([field]);
  });

  test.each([{}, [], null, '', { failedPods: 0 }, { message: '' }, true])(
    'about failed clusters may list them as keys of a map with the value %j',
    (value) => {
      expect(fieldsOf({ failedClusters: { c2: value }, unavailableNamespaces: { a: value } })).toEqual([
        ...['failedClusters', 'unavailableNamespaces'],
      ]);
    },
  );

  test('about failed clusters ignores clusters with a false value', () => {
    expect(fieldsOf({ failedClusters: { c1: false, c2: 0, c3: 'False' } })).toEqual([]);
  });

  test("may be a map of Go's errors, which are empty objects in JSON", () => {
    expect(fieldsOf({ clusterErrors: { c2: {} }, errors: { c2: null }, error: { code: 0, details: {} } })).toEqual([
      'clusterErrors',
    ]);
  });

  test.each<[object, readonly string[]]>([
    [{ hasNextPage: true }, ['hasNextPage']],
    [{ totalPages: 7, page: 1 }, ['totalPages']],
    [{ totalPages: '2' }, ['totalPages']],
    [{ partial_response: true }, ['partialResponse']],
    [{ unavailableClusters: ['c2'] }, ['unavailableClusters']],
    [{ success: 'False' }, ['success']],
    [{ isComplete: 'FALSE' }, ['isComplete']],
    [{ ok: false }, ['ok']],
    [{ ok: 0 }, ['ok']],
    [{ pagination: { hasMore: true } }, ['pagination.hasMore']],
    [{ meta: { truncated: true } }, ['meta.truncated']],
    [{ metadata: { continue: 'x', remainingItemCount: 5 } }, ['metadata.continue', 'metadata.remainingItemCount']],
    [{ page_info: { has_next_page: true, endCursor: 'x' } }, ['pageInfo.hasNextPage']],
    [{ paging: { next: 'x' }, page: { totalPages: 7, number: 0 } }, ['paging.next', 'page.totalPages']],
    [{ truncated: true, Meta: { Truncated: 'yes' } }, ['truncated', 'meta.truncated']],
  ])('reports further pages: %j', (more, fields) => {
    expect(fieldsOf(more)).toEqual(fields);
  });

  test.each([
    { hasNextPage: false, totalPages: 1, page: 1, ok: true, success: null, isComplete: 'yes', complete: 1 },
    { pageInfo: { hasNextPage: false, endCursor: 'x' }, pagination: { hasMore: 'false', total: 12, limit: 100 } },
    { meta: null, metadata: 'truncated', pagination: 5, page: [true], meta2: { truncated: true } },
    { meta: { meta: { truncated: true }, requestId: 'x', version: 3 }, result: { truncated: true } },
    { totalPages: 0, pageCount: null, lastPage: true, truncated: 'No' },
  ])('reports nothing for a complete report: %j', (more) => {
    expect(fieldsOf(more)).toEqual([]);
  });

  test('is found by its name, without regard to case, underscores and hyphens', () => {
    expect(fieldsOf({ FAILED_CLUSTERS: ['a'], 'next-page-token': 'x', Errors: 'x', errors: 'x' })).toEqual([
      ...['failedClusters', 'nextPageToken', 'errors'],
    ]);
    expect(
      fieldsOf({ novelty: 'x', warnings: ['x'], message: 'x', constructor: 'x', ['error'.repeat(1e4)]: 1 }),
    ).toEqual([]);
    expect(fieldsOf(JSON.parse('{"__proto__":{"error":"x"}}') as object)).toEqual([]);
  });

  test('reports missing data when it is false and its name is "complete"', () => {
    expect(fieldsOf({ complete: true, isComplete: null, success: 'false' })).toEqual(['success']);
  });

  test('may be nested deeply', () => {
    let value: unknown = [];
    for (let depth = 0; depth < 10_000; depth += 1) value = [value];
    expect(fieldsOf({ error: value })).toEqual(['error']);
  });
});

describe('texts', () => {
  test.each(['👩‍👩‍👧 🦊', '\ud800', 'x\udc00y', '\u0000', 'e\u0301', '\u202e', '__proto__'])(
    '%j stays as it is',
    (text) => {
      const row = JSON.parse(
        JSON.stringify({ id: text, namespace: text, workloadName: text, services: [text] }),
      ) as object;
      expect(decodeRow(row)).toMatchObject({ scaleOpsId: text, namespace: text, workloadName: text, services: [text] });
    },
  );

  test('are read from numbers', () => {
    expect(decodeRow({ id: 7, namespace: 0 })).toMatchObject({ scaleOpsId: '7', namespace: '0' });
  });

  test('are read from numbers and booleans where they are names', () => {
    expect(decodeRow({ clusterName: 1.5, namespace: true, workloadName: 0, workloadType: false })).toMatchObject({
      ...{ clusterName: '1.5', namespace: 'true', workloadName: '0', workloadType: 'false' },
    });
  });

  test('are null for other values, with a warning for each name', () => {
    const row = { namespace: {}, clusterName: ['a'], workloadName: [], workloadType: JSON.parse('1e400') as unknown };
    const names = { clusterName: null, namespace: null, workloadName: null, workloadType: null };
    expect(decodeRow(row)).toMatchObject(names);
    const { report } = decodeReport({
      aggregatedWorkloads: [row, { namespace: ['ns1'] }, { ...names, namespace: '' }],
    });
    expect(report.warnings.filter(({ code }) => code === 'UNREADABLE_NAME')).toEqual([
      { code: 'UNREADABLE_NAME', field: 'clusterName', count: 1, rows: null },
      { code: 'UNREADABLE_NAME', field: 'namespace', count: 2, rows: null },
      { code: 'UNREADABLE_NAME', field: 'workloadName', count: 1, rows: null },
      { code: 'UNREADABLE_NAME', field: 'workloadType', count: 1, rows: null },
    ]);
  });
});

describe('ids of ScaleOps', () => {
  test('differ by case', () => {
    const rows = rowsOf({ aggregatedWorkloads: [{ id: 'Api' }, { id: 'api' }, { id: 'API' }] });
    expect(rows.map(({ scaleOpsId }) => scaleOpsId)).toEqual(['Api', 'api', 'API']);
  });

  test.each([undefined, null, '', {}, []])('are null when ScaleOps returns %j', (id) => {
    expect(decodeRow({ id, clusterName: 'c', namespace: 'n' }).scaleOpsId).toBeNull();
    expect(decodeRow({ id }).scaleOpsId).toBeNull();
  });
});

const MIDNIGHT = Date.UTC(2026, 0, 31);

describe('the window', () => {
  const windowOf = (window: unknown) => decodeReport({ aggregatedWorkloads: [], window }).report.window;

  test.each([
    '2026-01-31T00:00:00',
    '2026-01-31T00:00:00Z',
    '2026-01-31T00:00:00.000Z',
    '2026-01-31T00:00:00.000000000Z',
    '2026-01-31T01:00:00+01:00',
    '2026-01-30T19:00:00-05:00',
    '2026-01-31 00:00:00',
    '2026-01-31T00:00',
    '2026-01-31',
  ])('%s is midnight in UTC, whatever the time zone of the machine', (time) => {
    const zone = process.env.TZ;
    try {
      process.env.TZ = 'Asia/Kathmandu';
      expect(windowOf({ startTime: time, endTime: time })).toEqual({ startTime: MIDNIGHT, endTime: MIDNIGHT });
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  test.each([MIDNIGHT, String(MIDNIGHT), MIDNIGHT / 1_000, String(MIDNIGHT / 1_000), `${MIDNIGHT}.4`])(
    '%j is midnight in milliseconds or seconds since the Unix epoch',
    (time) => {
      expect(windowOf({ startTime: time, endTime: time })).toEqual({ startTime: MIDNIGHT, endTime: MIDNIGHT });
    },
  );

  test.each<[unknown]>([
    [undefined],
    [null],
    ['2026-01-31'],
    [[]],
    [{}],
    [{ startTime: '2026-01-31T00:00:00Z' }],
    [{ startTime: '2026-01-31T00:00:00Z', endTime: null }],
    [{ startTime: 'secret', endTime: 'secret' }],
    [{ startTime: 'day 5', endTime: 'day 6' }],
    [{ startTime: '2026-13-31T00:00:00Z', endTime: '2026-14-31T00:00:00Z' }],
    [{ startTime: 5, endTime: 6 }],
    [{ startTime: '0001-01-01T00:00:00Z', endTime: '0001-01-01T00:00:00Z' }],
    [{ startTime: -62_135_596_800, endTime: -62_135_596_800 }],
    [{ startTime: '2026-01-31T00:00:00Z', endTime: '2026-01-30T00:00:00Z' }],
    [{ startTime: 1e20, endTime: 1e20 }],
    [{ startTime: '+999999-01-01T00:00:00Z', endTime: '+999999-01-02T00:00:00Z' }],
  ])('is null for %j', (window) => {
    expect(windowOf(window)).toBeNull();
  });
});

const FIELD = fc.constantFrom(...FIELDS);
const reportLike = fc.record(
  {
    aggregatedWorkloads: fc.oneof(
      fc.array(fc.dictionary(FIELD, fc.oneof(fc.anything(), fc.array(fc.anything()))), { maxLength: 5 }),
      fc.anything(),
    ),
    clusters: fc.anything(),
    window: fc.oneof(fc.record({ startTime: fc.anything(), endTime: fc.anything() }), fc.anything()),
  },
  { requiredKeys: [] },
);

// Any UTF-16, lone surrogates included; an empty text is null.
const text = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  minLength: 1,
  maxLength: 8,
});
const names = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'a'));
const number = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)));
const labels = fc.array(fc.record({ key: names, value: fc.oneof(names, fc.constant('')) }), { maxLength: 4 });
const validRow = fc.record({
  id: text,
  ...Object.fromEntries(TEXT_FIELDS.map((field) => [field, fc.option(names)])),
  amountOfWorkloads: fc.option(fc.integer({ min: 0 })),
  labels: fc.option(labels),
  annotations: fc.option(labels),
  ownerLabels: labels,
  services: fc.array(names, { maxLength: 3 }),
  ...Object.fromEntries(NUMBER_FIELDS.map((field) => [field, number])),
});

describe('any JSON value', () => {
  test('parses to a report or throws a ReportShapeError', () => {
    fc.assert(
      fc.property(
        fc.oneof(reportLike, fc.anything({ withBigInt: true, withDate: true, withMap: true }), fc.jsonValue()),
        (json) => {
          try {
            rowsOf(json);
          } catch (error) {
            expect(error).toBeInstanceOf(ReportShapeError);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('is not modified', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = { aggregatedWorkloads: [{ id: 'a', labels: value, totalCost: value }], clusters: value };
        const before = JSON.stringify(json);
        decodeReport(json);
        expect(JSON.stringify(json)).toBe(before);
      }),
      { numRuns: 200 },
    );
  });

  test('of valid rows stays the same through decoding and serializing', () => {
    fc.assert(
      fc.property(fc.array(validRow, { maxLength: 6 }), (rows) => {
        const json = JSON.parse(JSON.stringify({ aggregatedWorkloads: rows })) as unknown;
        expect(rowsOf(json)).toEqual(rows.map(({ id: scaleOpsId, ...row }) => ({ ...row, scaleOpsId })));
        expect(unreadableIn(...rows)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
