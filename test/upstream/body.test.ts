// Bodies within the byte limit that are a hundred times as large after parsing.

import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import { readBody } from '../../src/upstream/http/body.js';
import { createDeferred, settle, watch } from '../kit/time/deferred.js';
import * as faults from '../kit/upstream/fault-server.js';
import { startFaultServer } from '../kit/upstream/fault-server.js';
import { startGateway } from '../kit/gateway.js';

const QUERY = '{ workloadCosts { rows { totalCount } } }';

async function sendOnce(body: string) {
  await using upstream = await startFaultServer();
  await using gateway = startGateway(upstream.url, { SCALEOPS_MAX_RESPONSE_MB: '64' });
  upstream.respond(
    '/getWorkloads',
    faults.respond(200, gzipSync(body, { level: 1 }), {
      'content-encoding': 'gzip',
      'content-type': 'application/json',
    }),
  );
  const response = await gateway.send(QUERY);
  expect(upstream.requests).toHaveLength(1);
  return response;
}

describe('a body of 48 MB', () => {
  // Mutation: body.ts, isSuspiciouslyDense() always false: then these take many seconds and gigabytes.
  test.each([
    ['empty rows', '{},'],
    ['empty lists', '[],'],
    ['numbers', '0,'],
    ['rows with one short field', '{"a":0},'],
    ['lists in lists', '['],
  ])('of %s is too large', async (_name, unit) => {
    const response = await sendOnce(`{"aggregatedWorkloads":[${unit.repeat(48_000_000 / unit.length)}`);
    expect(response.errors.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_RESPONSE_TOO_LARGE']);
  });
});

describe('a report of a fleet', () => {
  test('without empty fields is read completely: 20,000 rows', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => ({
      id: `production/team-${index % 50}/Deployment/service-${index}`,
      clusterName: 'production',
      namespace: `team-${index % 50}`,
      workloadName: `service-${index}`,
      workloadType: 'Deployment',
      totalCost: index / 7,
      hourlyCost: index / 1_176,
      ownerLabels: [{ key: 'team', value: `team-${index % 50}` }],
    }));
    const response = await sendOnce(JSON.stringify({ aggregatedWorkloads: rows }));
    expect(response.errors).toEqual([]);
    expect(response.data.workloadCosts.rows.totalCount).toBe(20_000);
  });
});

// Fails when the stream is not paused, and when the end of the body does not wait.
test('a body that waits for a slot is not read meanwhile', async () => {
  let pulled = 0;
  const body = Readable.from(
    (function* () {
      for (; pulled < 100; pulled += 1) yield Buffer.alloc(1_000, 'x');
    })(),
    { highWaterMark: 1 },
  );
  const slot = createDeferred<undefined>();
  const reading = readBody(body, undefined, {
    maxBytes: 1_000_000,
    beforeNextChunk: (bytes) => (bytes === 5_000 ? slot.promise : undefined),
  });
  const last = readBody(Readable.from([Buffer.from('x')]), undefined, {
    maxBytes: 10,
    beforeNextChunk: () => slot.promise,
  });
  const [watched, watchedLast] = [watch(reading), watch(last)];
  for (let turns = 0; turns < 20; turns += 1) await settle();
  expect(pulled).toBeLessThan(10);
  expect([watched.outcome(), watchedLast.outcome()]).toEqual(['pending', 'pending']);
  slot.resolve(undefined);
  expect(Buffer.concat(await reading)).toHaveLength(100_000);
  expect(Buffer.concat(await last)).toHaveLength(1);
});

// Mutation: only the bytes after the harmless length are checked.
test('the last bytes of a body alone do not make it a decompression bomb', async () => {
  const long = Buffer.alloc(1_048_576, 'x');
  const blocks = await readBody(Readable.from([long, Buffer.from('{')]), undefined, { maxBytes: 2_000_000 });
  expect(Buffer.concat(blocks)).toHaveLength(long.length + 1);
});
