// The cost of comparisons and time series: each list, value and pass over rows is charged, so a short document cannot
// exceed the limits of an operation.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import { startGateway, type TestGateway } from '../kit/gateway.js';
import { START_MS, startCompanyGateway } from '../kit/upstream/hourly-company.js';

const GROUPS = 10_000;
const MANY = 49;

interface Listed {
  readonly costTimeSeries: { readonly series: { readonly series: readonly unknown[] } };
}
interface Compared {
  readonly aggregatedCosts: { readonly comparison: { readonly breakdown: { readonly groups: readonly unknown[] } } };
}

/** `count` aliases of a field. */
const aliases = (field: string, count = MANY): string =>
  Array.from({ length: count }, (_, at) => `a${at}: ${field}`).join(' ');

describe('an operation over reports of 10,000 groups', () => {
  let server: Server;
  let gateway: TestGateway;
  beforeAll(async () => {
    const rows = Array.from({ length: GROUPS }, (_, at) => ({ id: `${at}`, namespace: `n${at}`, totalCost: at }));
    const members = JSON.stringify({ aggregatedWorkloads: rows, clusters: ['c'] }).slice(0, -1);
    server = createServer((request, response) => {
      const query = new URL(request.url ?? '', 'http://upstream').searchParams;
      const [startTime, endTime] = ['from', 'to'].map((name) => new Date(Number(query.get(name))).toISOString());
      request.resume().on('end', () => response.end(`${members},"window":${JSON.stringify({ startTime, endTime })}}`));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    gateway = startGateway(url, {}, createManualClock(START_MS));
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    server.close();
    server.closeAllConnections();
  });

  const RANGE = 'timeRange: { between: { from: "2026-04-10T00:00:00Z", to: "2026-04-12T00:00:00Z" } }';
  const series = (inner: string, range = RANGE): string => `{ costTimeSeries(filter: { ${range} }) { ${inner} } }`;
  const comparison = (inner: string): string => `{ aggregatedCosts(filter: { ${RANGE} }) { comparison { ${inner} } } }`;
  const LINES =
    'series(by: [{ field: NAMESPACE }], first: null) { series { keys { value } values totals { totalCost } } }';
  const CHANGES =
    'breakdown(by: [{ field: NAMESPACE }]) { groups { keys { value } kind totals { totalCost { difference } } } }';

  test('may list all groups once', async () => {
    const lines = await gateway.send(series(LINES));
    expect(lines.errors).toEqual([]);
    expect((lines.data as Listed).costTimeSeries.series.series).toHaveLength(GROUPS);
    const changes = await gateway.send(comparison(CHANGES));
    expect(changes.errors).toEqual([]);
    expect((changes.data as Compared).aggregatedCosts.comparison.breakdown.groups).toHaveLength(GROUPS);
  });

  test.each([
    ['series', series(aliases(LINES))],
    [
      'values',
      series(
        `series(by: [{ field: NAMESPACE }], first: 10000) { series { ${aliases('values')} } }`,
        RANGE.replace('04-10', '04-01'),
      ),
    ],
    ['comparisons', comparison(aliases(CHANGES))],
    ['comparisons of intervals', series(`intervals { report { comparison { ${aliases(CHANGES, 45)} } } }`)],
  ])('is refused as a whole for 49 aliases of %s', async (_title, query) => {
    const { data, errors, text } = await gateway.send(query);
    expect(errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_COMPLEX' } }]);
    expect(data ?? null).toBeNull();
    expect(text.length).toBeLessThan(1_000);
  });
});

describe('the budget of an operation', () => {
  const dayRange = (first: number): string =>
    `filter: { groupBy: { namespace: true }, timeRange: { between: { from: "2026-04-${first}T00:00:00Z", to: "2026-04-15T00:00:00Z" } } }`;
  const SERIES = `costTimeSeries(${dayRange(11)})`;
  const REPORT = `aggregatedCosts(${dayRange(11)})`;

  /** Whether an operation is within this limit. */
  async function isWithin(query: string, env: Record<string, string>): Promise<boolean> {
    await using gateway = await startCompanyGateway(createManualClock(START_MS), env);
    const { errors } = await gateway.send(`{ ${query} }`);
    for (const { extensions } of errors) expect(extensions.code).toBe('QUERY_TOO_COMPLEX');
    return errors.length === 0;
  }

  test.each([
    ['intervals', `${SERIES} { intervals { isPartial } }`, 4],
    ['series', `${SERIES} { series(by: [{ field: NAMESPACE }], first: 3) { series { keys { value } } } }`, 3],
    ['changes', `${REPORT} { comparison { breakdown(by: [{ field: NAMESPACE }], first: 3) { groups { kind } } } }`, 3],
    ['intervals and series', `${SERIES} { intervals { isPartial } series { series { values } } }`, 5],
  ])('is charged for each of the %s', async (_title, query, items) => {
    expect(await isWithin(query, { GATEWAY_MAX_ANSWER_ROWS: String(items) })).toBe(true);
    expect(await isWithin(query, { GATEWAY_MAX_ANSWER_ROWS: String(items - 1) })).toBe(false);
  });

  test.each<[title: string, cost: number, few: string, many: string]>([
    [
      'value of a series',
      400,
      `${SERIES} { series(by: [{ field: NAMESPACE }]) { series { ${aliases('values', 2)} } } }`,
      `${SERIES} { series(by: [{ field: NAMESPACE }]) { series { ${aliases('values', 20)} } } }`,
    ],
    [
      'interval that a series reads',
      30,
      `costTimeSeries(${dayRange(14)}) { totals { totalCost } }`,
      `${SERIES} { totals { totalCost } }`,
    ],
    [
      'query over a series',
      150,
      `${SERIES} { series(first: 1) { seriesCount } }`,
      `${SERIES} { ${Array.from({ length: 10 }, (_, at) => `a${at}: series(first: ${at}) { seriesCount }`).join(' ')} }`,
    ],
    [
      'query over a comparison',
      150,
      `${REPORT} { comparison { breakdown(by: [{ field: NAMESPACE }], first: 1) { groupCount } } }`,
      `${REPORT} { comparison { ${Array.from({ length: 10 }, (_, at) => `a${at}: breakdown(by: [{ field: NAMESPACE }], first: ${at}) { groupCount }`).join(' ')} } }`,
    ],
  ])('is charged for each %s', async (_title, cost, few, many) => {
    expect(await isWithin(few, { GATEWAY_MAX_COST: String(cost) })).toBe(true);
    expect(await isWithin(many, { GATEWAY_MAX_COST: String(cost) })).toBe(false);
  });
});
