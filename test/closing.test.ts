// A gateway that closes while ScaleOps does not answer: nobody who waits is cut off, and it ends in time.

import { expect, test } from 'vitest';

import { createWatchedClock } from './kit/watched-clock.js';
import * as faults from './kit/fault-server.js';
import { startFaultServer } from './kit/fault-server.js';
import { startGateway } from './kit/gateway.js';

// Mutation: gateway.ts, close() without MAX_DRAIN_MS: it then ends with the deadline, after 30 seconds.
test('answers with an error after eight seconds, and ends', async () => {
  await using upstream = await startFaultServer();
  upstream.answer('/getWorkloads', faults.neverAnswer);
  const clock = createWatchedClock();
  const { gateway, log } = startGateway(upstream.url, {}, clock);
  const url = await gateway.listen();
  const asked = fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ workloadCosts { asOf } }' }),
  });
  await upstream.arrivals(1);
  const closed = gateway.close();
  clock.advance(7_999);
  expect(log.filter(({ msg }) => msg === 'operation')).toEqual([]);
  clock.advance(1);
  const answer = (await (await asked).json()) as { errors: { extensions: { code: string } }[] };
  expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_UNAVAILABLE']);
  await closed;
  expect(upstream.requests).toHaveLength(1);
});
