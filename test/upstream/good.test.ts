// Valid responses of ScaleOps in every HTTP form, and unusual data, over real sockets. test/upstream/decode.test.ts tests the forms of
// the data itself.

import { describe, expect, test } from 'vitest';

import * as faults from '../kit/upstream/fault-server.js';
import type { Fault } from '../kit/upstream/fault-server.js';
import { expectNothingLeaks, NO_CACHE, QUERY, startFixture, WORKLOADS } from '../kit/upstream/fault-fixture.js';
import { TOKEN } from '../kit/gateway.js';

const NAME = 'жäß🦊👩‍👩‍👧';
const NAMED = faults.goodReport(NAME);

// Fails when an encoding is not decoded or not accepted, when chunks are decoded one by one, when the byte limit is one
// too low, and when a non-finite number becomes a number, or causes a warning each.
describe('a good report', () => {
  test.each<[string, Fault]>([
    ['in gzip', faults.gzipped(NAMED)],
    ['in x-gzip', faults.gzipped(NAMED, 'x-gzip')],
    ['in GZIP', faults.gzipped(NAMED, 'GZIP')],
    ['in brotli', faults.brotli(NAMED)],
    ['in identity', faults.respond(200, JSON.stringify(NAMED), { 'content-encoding': 'identity' })],
    ['in chunks of one byte that split characters', faults.byteByByte(NAMED)],
    ...Object.entries(faults.INTERIM).flatMap(([name, interim]): [string, Fault][] => [
      [`after interim responses (${name})`, faults.afterInterim(NAMED, interim)],
      [`after interim responses in packets of one byte (${name})`, faults.afterInterim(NAMED, interim, true)],
    ]),
    ['that ends with the connection', faults.closeDelimited(JSON.stringify(NAMED))],
  ])('%s is read', async (_title, fault) => {
    await using fixture = await startFixture({ env: NO_CACHE });
    fixture.upstream.respond(WORKLOADS, fault);
    for (let time = 0; time < 2; time += 1) {
      const response = await fixture.gateway.send(QUERY);
      expect(response.errors).toEqual([]);
      expect(response.data).toMatchObject({ workloadCosts: { rows: { nodes: [{ workloadName: NAME }] } } });
    }
  });

  test('of 900 kB with three-byte characters is read without a broken character', async () => {
    await using fixture = await startFixture();
    const name = '€'.repeat(150_000);
    fixture.upstream.respond(WORKLOADS, faults.json(faults.goodReport(name)));
    const response = await fixture.gateway.send(QUERY);
    expect(response.data.workloadCosts.rows.nodes[0].workloadName === name).toBe(true);
  });

  test('of exactly the byte limit is read', async () => {
    await using fixture = await startFixture();
    fixture.upstream.respond(WORKLOADS, faults.text(faults.reportOfLength(1_048_576)));
    const response = await fixture.gateway.send(QUERY);
    expect(response.errors).toEqual([]);
  });

  test('is requested once, with the token', async () => {
    await using fixture = await startFixture();
    await fixture.gateway.send(QUERY);
    expect(fixture.upstream.requests).toHaveLength(2);
    for (const { headers } of fixture.upstream.requests) expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  test('with numbers that are not finite has nulls and one warning', async () => {
    await using fixture = await startFixture();
    const rows = '{"id":"a","totalCost":1e400,"workloadName":"\\ud800"},{"id":"b","totalCost":"NaN"}';
    fixture.upstream.respond(WORKLOADS, faults.text(`{"aggregatedWorkloads":[${rows}]}`));
    const response = await fixture.gateway.send(
      '{ workloadCosts { rows { nodes { scaleOpsId totalCost workloadName } } } }',
    );
    expect(response.errors).toEqual([]);
    expect(response.data.workloadCosts.rows.nodes).toEqual([
      { scaleOpsId: 'a', totalCost: null, workloadName: '\ud800' },
      { scaleOpsId: 'b', totalCost: null, workloadName: null },
    ]);
    expect(fixture.gateway.log.filter(({ level }) => level === 40)).toMatchObject([
      { report: 'workloads', warnings: [{ code: 'MISSING_WINDOW' }, { code: 'UNREADABLE_NUMBER', count: 2 }] },
    ]);
  });

  test('is separate from an unsolicited second response', async () => {
    await using fixture = await startFixture({ env: NO_CACHE });
    fixture.upstream.respond(WORKLOADS, faults.respondTwice(faults.goodReport()));
    const first = await fixture.gateway.send('{ workloadCosts { rows { nodes { workloadName } } } }');
    expect(first.data).toEqual({ workloadCosts: { rows: { nodes: [{ workloadName: 'api' }] } } });
    await fixture.upstream.requests[0]!.closed;
    const second = await fixture.gateway.send('{ aggregatedCosts { rows { nodes { workloadName } } } }');
    expect(second.data).toEqual({ aggregatedCosts: { rows: { nodes: [{ workloadName: 'api' }] } } });
    expectNothingLeaks(fixture, first, second);
  });
});
