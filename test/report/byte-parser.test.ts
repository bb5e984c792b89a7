// The byte parser compared with JSON.parse and the JSON parser: for any input it returns the same report, or leaves the
// input to them. It parses all usual responses of ScaleOps itself.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import { LABEL_FIELDS, LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS } from '../../src/report/columns/columns.js';
import { labelsAt, nameOf, numberAt, scaleOpsIdAt, servicesAt } from '../../src/report/columns/cells.js';
import { ReportShapeError } from '../../src/report/parse/envelope/envelope.js';
import { decodeData } from '../../src/report/parse/json-parser.js';
import { addToHash, HASH_OF_NOTHING } from '../../src/report/parse/hash-table.js';
import { createFastParser } from '../../src/report/parse/fast-parser.js';
import type { ReportData } from '../../src/report/report-data.js';
import { toColumns } from '../../src/report/columns/pack.js';
import { Scanner } from '../../src/report/parse/scanner.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { createResponseParser } from '../../src/upstream/parse/parse-response.js';
import { propertyRuns } from '../kit/fuzz/runs.js';

// One parser for all tests: earlier inputs must not affect later results.
const readReport = createFastParser();
const parseResponse = createResponseParser();

/** All values of a report. */
function describeReport({ window, clusters, columns: data, warnings: found }: ReportData) {
  const columns = toColumns(data);
  const rows = Array.from({ length: columns.rowCount }, (_, row) => [
    scaleOpsIdAt(columns, row),
    ...NAME_FIELDS.map((field) => nameOf(columns.names[field], columns.names[field].codes[row]!)),
    ...NUMBER_FIELDS.map((field) => numberAt(columns, field, row)),
    ...LABEL_FIELDS.map((field) => labelsAt(columns, field, row)),
    servicesAt(columns, row),
  ]);
  const warnings = found.map(({ rows: bits, ...warning }) => ({ ...warning, rows: bits && rowsOf(bits) }));
  return { window, clusters, rows, scales: NUMBER_FIELDS.map((field) => columns.numbers[field].scale), warnings };
}

/** The rows of a warning; the length of the bit list has no meaning. */
function rowsOf(bits: Uint8Array): number[] {
  return Array.from({ length: 8 * bits.length }, (_, row) => row).filter((row) => bits[row >> 3]! & (1 << (row & 7)));
}

/** The report by JSON.parse; undefined for a refusal. */
function decode(body: Buffer) {
  try {
    return describeReport(decodeData(JSON.parse(body.toString('utf8'))));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ReportShapeError) return undefined;
    throw error;
  }
}

/** Whether the byte parser returned a report. */
function compare(body: Buffer): boolean {
  const read = readReport(body);
  if (read === undefined) return false;
  const [own, decoded] = [describeReport(read), decode(body)];
  // A matcher of vitest takes several times as long.
  if (!isDeepStrictEqual(own, decoded)) expect(own).toEqual(decoded);
  return true;
}

const compareText = (text: string): boolean => compare(Buffer.from(text));
const rowsText = (...rows: string[]): string => `{"aggregatedWorkloads":[${rows.join(',')}]}`;

async function fetchReport(path: string, requestBody: object): Promise<Buffer> {
  const simulator = createSimulator({ workloads: 60, token: 't', now: () => Date.UTC(2026, 0, 31) });
  const url = await simulator.listen();
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
    body: JSON.stringify(requestBody),
  });
  const body = Buffer.from(await response.arrayBuffer());
  await simulator.close();
  return body;
}

let workloads: Buffer;
let aggregated: Buffer;
beforeAll(async () => {
  workloads = await fetchReport('/detailedCostReport/getWorkloads?multiCluster=true', {});
  aggregated = await fetchReport('/detailedCostReport/getAggregatedWorkloads', {
    groupByNamespace: true,
    groupByLabels: ['team'],
    multiCluster: true,
  });
});

describe('a usual response', () => {
  test('is parsed from bytes: both reports, compact or indented', () => {
    for (const body of [workloads, aggregated]) {
      expect(compare(body)).toBe(true);
      expect(compareText(JSON.stringify(JSON.parse(body.toString()), null, '\t'))).toBe(true);
    }
  });

  test('is parsed with keys in any order and with unknown keys', () => {
    const json = JSON.parse(workloads.toString()) as { aggregatedWorkloads: object[] };
    const shuffled = json.aggregatedWorkloads.map((row, index) => {
      const entries = Object.entries(row);
      const others = Object.fromEntries(
        Array.from({ length: index * 4 }, (_, at) => [`x${at}`, [at, { a: 'b' }, null]]),
      );
      return Object.fromEntries([
        ...entries.slice(index % 22),
        ...entries.slice(0, index % 22),
        ...Object.entries(others),
      ]);
    });
    expect(compareText(JSON.stringify({ novelty: { a: [1] }, aggregatedWorkloads: shuffled }))).toBe(true);
  });

  test('has texts in any script, plain or escaped as Go does', () => {
    const names = ['日本', '👩‍👩‍👧', 'naïve', 'ÿ', '\u{10ffff}', 'tab\t"quoted"', '\ud800'];
    const rows = names.map((name) =>
      JSON.stringify({ id: name, namespace: name, services: [name], labels: { [name]: name } }),
    );
    expect(compareText(rowsText(...rows, ...rows))).toBe(true);
    expect(compareText(rowsText('{"id":"a\\u0026b","labels":["a\\u003cb=c"]}'))).toBe(true);
  });

  test('has equal names with and without escapes', () => {
    const body = rowsText('{"id":"a","namespace":"a\\u0062"}', '{"id":"b","namespace":"ab"}');
    expect(compareText(body)).toBe(true);
    expect([...toColumns(readReport(Buffer.from(body))!.columns).names.namespace.codes]).toEqual([1, 1]);
  });
});

describe('numbers', () => {
  test.each(
    `0 -0 1 -1 0.1 -0.1 123456.789 1e3 1E3 1e+3 1e-3 1.5e300 1e400 -1e400 5e-324 2.2250738585072014e-308 9007199254740991
    9007199254740992 9007199254740993 900719925474099.3 90071992547409.93 0.000000000000000000001 0.00000000000000000000001
    1.7976931348623157e308 179769313486231570000000000000 88.12345678901234 0.30000000000000004 100.00000000000001 null`.split(
      /\s+/,
    ),
  )('%s is the same double as from JSON.parse', (number) => {
    expect(compareText(rowsText(`{"id":"a","totalCost":${number},"amountOfWorkloads":${number}}`))).toBe(true);
    const [{ columns } = { columns: undefined }] = [
      readReport(Buffer.from(rowsText(`{"id":"a","totalCost":${number}}`))),
    ];
    const value = JSON.parse(number) as number | null;
    const { units, scale } = toColumns(columns!).numbers.totalCost;
    expect(Object.is(units[0]! / scale, value !== null && Number.isFinite(value) ? value : Number.NaN)).toBe(true);
  });

  test.each(['01', '-', '1.', '.5', '+1', '1e', '1e+', '0x1', 'NaN', '--1', '1 2', 'nul', 'nulll', 'Infinity', ''])(
    '%j is not a JSON number',
    (number) => {
      expect(compareText(rowsText(`{"id":"a","totalCost":${number}}`))).toBe(false);
    },
  );

  test('equal the doubles of JSON.parse', () => {
    const anyNumber = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.tuple(fc.bigInt(), fc.integer({ min: 0, max: 25 })).map(([digits, places]) => {
        const text = String(digits < 0n ? -digits : digits).padStart(places + 1, '0');
        return `${text.slice(0, text.length - places)}${places === 0 ? '' : `.${text.slice(text.length - places)}`}`;
      }),
    );
    fc.assert(
      fc.property(fc.array(anyNumber, { minLength: 1, maxLength: 5 }), (numbers) => {
        expect(compareText(rowsText(...numbers.map((number) => `{"id":"a","totalCost":${number}}`)))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

test.each([
  ['a key twice', rowsText('{"id":"a","id":"b","totalCost":1,"totalCost":"x"}')],
  ['an unknown member twice', `{"novelty":1,"novelty":2,${rowsText('{"id":"a"}').slice(1)}`],
  ['an empty row', rowsText('{}')],
  ['no rows', '{"aggregatedWorkloads":null}'],
  ['an empty error beside no rows', '{"error":"","aggregatedWorkloads":[]}'],
])('%s is left to JSON.parse', (_title, text) => {
  expect(readReport(Buffer.from(text))).toBeUndefined();
  expect(parseResponse(Buffer.from(text))).toHaveProperty('report');
});

test.each([
  ['rows, then fewer', '"aggregatedWorkloads":[{"id":"a"},{"id":"b"}],"aggregatedWorkloads":[{"id":"a"}]'],
  ['rows, then null', '"aggregatedWorkloads":[{"id":"a"}],"aggregatedWorkloads":null'],
  ['rows, then rows under an escaped name', '"aggregatedWorkloads":[],"aggregated\\u0057orkloads":[{"id":"a"}]'],
  ['a window', '"window":{"startTime":1769212800},"aggregatedWorkloads":[{"id":"a"}],"window":null'],
  ['an error', '"error":"x","aggregatedWorkloads":[{"id":"a"}],"error":null'],
  ['a member about pages', '"pageInfo":{"hasNextPage":true},"pageInfo":{},"aggregatedWorkloads":[{"id":"a"}]'],
])('a response with a duplicate member is refused (%s)', (_title, members) => {
  // Also with white space, and with a row that only JSON.parse reads.
  for (const text of [`{${members}}`, ` { ${members.replaceAll('{"id"', '{"id":"","id"')} } `]) {
    expect(readReport(Buffer.from(text))).toBeUndefined();
    expect(parseResponse(Buffer.from(text))).toEqual({
      failure: { code: 'UPSTREAM_BAD_RESPONSE', reason: 'a member is repeated' },
    });
  }
});

test('a byte order mark is skipped, whichever parser parses the rest', () => {
  const mark = Buffer.from([0xef, 0xbb, 0xbf]);
  for (const body of [workloads, Buffer.from(rowsText('{"namespace":"no id"}'))]) {
    expect(parseResponse(Buffer.concat([mark, body]))).toEqual(parseResponse(body));
  }
  expect(parseResponse(Buffer.concat([mark, mark, workloads]))).toMatchObject({ failure: { reason: 'not JSON' } });
});

describe('unusual data is parsed from bytes:', () => {
  const WINDOW = '{"window":{"startTime":"2026-01-24T00:00:00Z","endTime":"2026-01-31T00:00:00Z"},';
  const warningsOf = (rows: string) => {
    const text = WINDOW + rows.slice(1);
    expect(compareText(text)).toBe(true);
    return describeReport(readReport(Buffer.from(text))!).warnings;
  };
  const row = (more: string): string => `{"id":"a",${more}}`;

  test('a number as text, or an unreadable number', () => {
    const costs = ['"12.5"', '"12,500.00"', '"NaN"', '"+Inf"', '1e400', 'true', '[1]', 'null', '""', '1'];
    const rows = costs.map((cost) => row(`"totalCost":${cost},"amountOfWorkloads":1.5`));
    expect(warningsOf(rowsText(...rows))).toEqual([
      { code: 'UNREADABLE_NUMBER', field: 'amountOfWorkloads', count: 10, rows: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
      { code: 'UNREADABLE_NUMBER', field: 'totalCost', count: 6, rows: [1, 2, 3, 4, 5, 6] },
    ]);
  });

  test('labels in an unknown shape, also when they repeat', () => {
    const odd = row('"labels":[["team","a"]],"ownerLabels":"team: a"');
    const good = row('"labels":[{"name":"team","value":"a"}],"ownerLabels":"team=a,env=prod"');
    expect(warningsOf(rowsText(odd, odd, good, odd, good))).toEqual([
      { code: 'UNREADABLE_LABELS', field: 'labels', count: 3, rows: [0, 1, 3] },
      { code: 'UNREADABLE_LABELS', field: 'ownerLabels', count: 3, rows: [0, 1, 3] },
    ]);
  });

  test('a row that is no object', () => {
    const rows = ['null', row('"totalCost":1'), '[{"id":"b"}]', ' 7 ', '"x"', row('"totalCost":2'), 'true'];
    expect(warningsOf(rowsText(...rows))).toEqual([{ code: 'SKIPPED_ROW', field: null, count: 5, rows: null }]);
  });

  test('a name that is a number, a list or an object', () => {
    const rows = ['7', 'true', '["ns1"]', ' {"name":"c1"}', 'null', '1e400', '"ns1"'].map((name) =>
      row(`"clusterName":${name},"namespace":${name}`),
    );
    expect(warningsOf(rowsText(...rows, ...rows))).toEqual([
      { code: 'UNREADABLE_NAME', field: 'clusterName', count: 6, rows: null },
      { code: 'UNREADABLE_NAME', field: 'namespace', count: 6, rows: null },
    ]);
  });

  test('a text with several labels, also when it repeats', () => {
    const several = row('"labels":["team=a,env=prod","tier=x"],"annotations":["note=a b"]');
    const odd = row('"labels":["team=a b","env=prod"],"annotations":["note=a, b"]');
    const one = row('"labels":["team=a","tier=x"],"ownerLabels":{"key":"team","value":"a"}');
    expect(warningsOf(rowsText(several, several, one, odd, odd, several, one))).toEqual([
      { code: 'UNREADABLE_LABELS', field: 'labels', count: 2, rows: [3, 4] },
      { code: 'UNREADABLE_LABELS', field: 'annotations', count: 2, rows: [3, 4] },
    ]);
  });

  test('a second row of a workload', () => {
    const names = (type: string) => `"clusterName":"c","namespace":"n","workloadType":"${type}","workloadName":"w"`;
    const rows = ['Deployment', 'deployment', 'Job', 'DEPLOYMENT'].map((type) => row(names(type)));
    expect(warningsOf(rowsText(...rows))).toEqual([{ code: 'DUPLICATE_ROW', field: null, count: 2, rows: [1, 3] }]);
  });

  test('a member that reports missing data', () => {
    const text = `{"failed_clusters":["c2"],"Error":"x",${rowsText(row('"totalCost":1')).slice(1)}`;
    expect(warningsOf(text).map(({ code, field }) => [code, field])).toEqual([
      ['PARTIAL_ANSWER', 'failedClusters'],
      ['PARTIAL_ANSWER', 'error'],
    ]);
  });
});

test('deeply nested lists are parsed or refused without a stack overflow', () => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  expect(compareText(`{"deep":${deep},${rowsText(`{"id":"a","labels":${deep},"novelty":${deep}}`).slice(1)}`)).toBe(
    true,
  );
});

test('names that collide in the hash table are left to JSON.parse', () => {
  const names: string[] = [];
  for (let number = 0; names.length < 1_100; number += 1) {
    const scanner = new Scanner(Buffer.from(`"n${number}"`));
    scanner.readPlain();
    if ((scanner.hash & 4_095) === 0) names.push(`n${number}`);
  }
  const body = Buffer.from(rowsText(...names.map((name) => `{"id":"${name}","namespace":"${name}"}`)));
  expect(readReport(body)).toBeUndefined();
  expect(parseResponse(body)).toHaveProperty('report');
  // The next input is parsed as usual.
  expect(compare(workloads)).toBe(true);
});

// Mutation: hash-table.ts, probeNext() sets #steps to 0: then the time grows with the square of the number of names.
test('names with equal hashes are left to JSON.parse', () => {
  // Each step of the hash is invertible, so the second word can cancel the effect of the first.
  const names: string[] = [];
  for (let number = 0; names.length < 1_100; number += 1) {
    const first = Buffer.from(number.toString(36).padStart(4, '-'), 'latin1');
    const second = Buffer.alloc(4);
    second.writeInt32LE(addToHash(HASH_OF_NOTHING, first.readInt32LE()) ^ 0x12345678);
    if (/^[!#-[\]-~]{4}$/.test(second.toString('latin1'))) names.push(`${first.toString()}${second.toString()}`);
  }
  const hashes = names.map((name) => {
    const scanner = new Scanner(Buffer.from(`"${name}"`));
    scanner.readPlain();
    return scanner.hash;
  });
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(hashes).size).toBe(1);
  const body = Buffer.from(rowsText(...names.map((name) => `{"id":"${name}","namespace":"${name}"}`)));
  expect(readReport(body)).toBeUndefined();
  expect(parseResponse(body)).toHaveProperty('report');
});

describe('a damaged body', () => {
  test('is refused when it is truncated at any byte', () => {
    for (let length = 0; length < aggregated.length; length += 1) {
      expect(readReport(aggregated.subarray(0, length))).toBeUndefined();
    }
    expect(compare(Buffer.concat([aggregated, Buffer.from(' \n')]))).toBe(true);
    expect(compare(Buffer.concat([aggregated, Buffer.from('}')]))).toBe(false);
  });

  test('is parsed like JSON.parse, or left to it, when bytes are changed, added or removed', () => {
    const bytes = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(...Buffer.from('",:[]{}\\/-+.eE0129nulltruefalse u\n\t')),
    );
    const setFault = fc.record({
      at: fc.nat({ max: 1_000_000 }),
      remove: fc.nat({ max: 3 }),
      insert: fc.array(bytes, { maxLength: 3 }),
    });
    const [head] = [rowsText(...rowTexts(workloads).slice(0, 4))];
    let taken = 0;
    fc.assert(
      fc.property(fc.array(setFault, { minLength: 1, maxLength: 2 }), (harms) => {
        let body = Buffer.from(head);
        for (const { at, remove, insert } of harms) {
          const place = at % (body.length + 1);
          body = Buffer.concat([body.subarray(0, place), Buffer.from(insert), body.subarray(place + remove)]);
        }
        taken += Number(compare(body));
      }),
      { numRuns: propertyRuns(20_000) },
    );
    expect(taken).toBeGreaterThan(500);
  });

  test('has the same report from both parsers with any value at any path', () => {
    const odd = [
      ...[
        '12.5',
        '12,500.00',
        'NaN',
        '+Inf',
        ' 1 ',
        'team=a,env=prod',
        'a=b,c',
        'a=b;c=d',
        'team:a',
        '1769212800000',
        '0001-01-01T00:00:00Z',
      ],
      ...[
        { key: 'a', value: 'b' },
        { name: 'a', value: 'b' },
        { Key: 'a', Value: ['b', 'c'] },
        { key: 'a', x: 'b' },
        { NAME: 'a', vaLue: ['', null] },
      ],
      ...[{ team: ['a', 'b'] }, { team: {} }, { team: [] }, [{ name: 'a', value: 1 }, null], [['a', 'b']], ['a=b', {}]],
      ...[['a=b,c=d', 'e'], ['a=b,c'], ['a=b c'], ['a'], ['map[a:b]'], { a: [null, 'b'] }],
      ...[
        { startTime: 1_769_212_800, endTime: '1769817600000' },
        { startTime: '0001-01-01T00:00:00Z', endTime: 5 },
      ],
      ...[{ omittedEntries: 499 }, { omittedEntries: 0, limit: 5 }, [null, ''], ['x'], 1e300, -1, '0'],
    ];
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('__proto__', '', '1', null, 0, -0, true, [], {}, ['a=b', { key: 'c' }]),
      fc.constantFrom(...odd),
    );
    const key = fc.constantFrom('id', ...NAME_FIELDS, ...NUMBER_FIELDS, ...LIST_FIELDS, '__proto__', 'novelty');
    const name = fc.constantFrom('a', 'A', 'ä', 'Ä', '');
    const names = fc.record(Object.fromEntries(NAME_FIELDS.map((field) => [field, name]))).map(Object.entries);
    const entries = fc.oneof(fc.array(fc.tuple(key, value), { maxLength: 4 }), names);
    const rows = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.tuple(fc.string({ minLength: 1 }), entries).map(toRow) },
        { weight: 1, arbitrary: value.map((each) => JSON.stringify(each)) },
      ),
      { maxLength: 6 },
    );
    const head = fc.constantFrom(
      ...['clusters', 'window', 'a', '__proto__', 'error', 'errors', 'truncation', 'isComplete', 'failedClusters'],
      ...['pageInfo', 'totalPages'],
    );
    let taken = 0;
    fc.assert(
      fc.property(rows, fc.array(fc.tuple(head, value), { maxLength: 3 }), (list, members) => {
        const before = members.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)},`).join('');
        taken += Number(compareText(`{${before}${rowsText(...list).slice(1)}`));
      }),
      { numRuns: propertyRuns(12_000) },
    );
    expect(taken).toBeGreaterThan(1_000);
  });
});

function toRow([id, entries]: [string, [string, unknown][]]): string {
  const members = [['id', id] as const, ...entries];
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`).join(',')}}`;
}

function rowTexts(body: Buffer): string[] {
  const { aggregatedWorkloads } = JSON.parse(body.toString()) as { aggregatedWorkloads: object[] };
  return aggregatedWorkloads.map((row) => JSON.stringify(row));
}
