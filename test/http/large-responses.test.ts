// The cost of rows is charged when the report is loaded, whatever the estimate. Large responses are sent one after the
// other, and a client that does not read is disconnected.

import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';

import { createHttpServer } from '../../src/http/server/server.js';
import { createManualClock } from '../kit/time/clock.js';
import { createDeferred } from '../kit/time/deferred.js';
import { startStack } from '../kit/gateway.js';

const FILTER = 'filter: { multiCluster: true }';

describe('an operation over more rows than the estimate assumed', () => {
  const refused = { extensions: { code: 'QUERY_TOO_COMPLEX' } };

  // The estimate assumes 1,000 rows without `first`; the report has 2,000.
  test('is refused as a whole by the number of its fields', async () => {
    await using stack = await startStack({ env: { GATEWAY_MAX_COST: '4000' }, simulator: { workloads: 2_000 } });
    const send = (fields: string) => stack.send(`{ workloadCosts(${FILTER}) { rows { nodes { ${fields} } } } }`);
    expect((await send('id')).data.workloadCosts.rows.nodes).toHaveLength(2_000);
    const response = await send('id namespace totalCost');
    expect([response.status, response.data]).toEqual([400, undefined]);
    expect(response.errors).toMatchObject([refused]);
    // The cost was known only with the report, so the report is cached.
    expect(stack.received).toHaveLength(1);
  });

  test.each([
    ['breakdowns', 'breakdown(by: [{ field: NAMESPACE }, { field: CLUSTER }], WHERE, first: 0) { groupCount }'],
    ['totals', 'totals(WHERE) { totalCost }'],
    ['orders', 'rows(first: 0, WHERE, orderBy: [{ field: TOTAL_COST }, { field: NAMESPACE }]) { totalCount }'],
  ])('is refused for %s that read the rows many times', async (_, field) => {
    await using stack = await startStack({ env: { GATEWAY_MAX_COST: '20000' }, simulator: { workloads: 2_000 } });
    const send = (times: number) => {
      // Equal queries run once.
      const toField = (index: number) =>
        `a${index}: ${field.replace('WHERE', `where: { minTotalCost: -${index + 1} }`)}`;
      const fields = Array.from({ length: times }, (_each, index) => toField(index));
      return stack.send(`{ workloadCosts(${FILTER}) { ${fields.join(' ')} } }`);
    };
    expect((await send(2)).errors).toEqual([]);
    const response = await send(12);
    expect([response.status, response.data]).toEqual([400, undefined]);
    expect(response.errors).toMatchObject([refused]);
    expect(stack.received).toHaveLength(1);
  });

  test('is not refused without the limit', async () => {
    await using stack = await startStack({ env: { GATEWAY_MAX_COST: 'off' }, simulator: { workloads: 2_000 } });
    const { data } = await stack.send(
      `{ workloadCosts(${FILTER}) { totals { rowCount } rows { nodes { id namespace } } } }`,
    );
    expect(data.workloadCosts.totals.rowCount).toBe(2_000);
  });
});

/** More than two sockets buffer. */
const BYTES = 64 * 1_048_576;

describe('large responses', () => {
  const ROWS = 20_000;
  const LARGE = `{ workloadCosts(${FILTER}) { totals { rowCount } rows { nodes { id } edges { cursor } } } }`;

  // Mutation: http/steps/execute.ts without `permit.release()`: the second response never starts.
  test('are sent one after the other, and a small one meanwhile', async () => {
    await using stack = await startStack({ simulator: { workloads: ROWS } });
    await stack.send(`{ workloadCosts(${FILTER}) { asOf } }`);
    const large = Promise.all([stack.send(LARGE), stack.send(LARGE), stack.send(LARGE)]);
    expect((await stack.send('{ __typename }')).data).toEqual({ __typename: 'Query' });
    for (const { data, errors } of await large) {
      expect(errors).toEqual([]);
      expect(data.workloadCosts.rows.nodes).toHaveLength(ROWS);
      expect(data.workloadCosts.totals.rowCount).toBe(ROWS);
    }
    expect(stack.received).toHaveLength(1);
  });

  test('do not wait for a client that has disconnected', async () => {
    await using stack = await startStack({ simulator: { workloads: ROWS } });
    await stack.send(`{ workloadCosts(${FILTER}) { asOf } }`);
    const controller = new AbortController();
    const left = stack.send(LARGE, undefined, { signal: controller.signal });
    const stays = stack.send(LARGE);
    controller.abort();
    await left.catch(() => undefined);
    expect((await stays).data.workloadCosts.rows.nodes).toHaveLength(ROWS);
  });

  // Mutation: server.ts without its `timeout`.
  test('are aborted when the client does not read', async () => {
    const gone = createDeferred<undefined>();
    const server = createHttpServer(
      (_request, response) => {
        response.once('close', () => {
          gone.resolve(undefined);
        });
        response.end(Buffer.alloc(BYTES));
      },
      { host: '127.0.0.1', port: 0, clock: createManualClock(), times: { timeout: 100 } },
    );
    const { port } = new URL(await server.listen());
    const client = connect(Number(port), '127.0.0.1');
    onTestFinished(() => {
      client.destroy();
      return server.close();
    });
    await once(client, 'connect');
    client.pause();
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await gone.promise;
    expect(client.bytesRead).toBeLessThan(BYTES);
  });
});
