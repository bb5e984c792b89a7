// Large responses are written one after the other. The end of a request releases its turn: its response, the timeout,
// or a client that disconnects while it waits or reads.

import { once } from 'node:events';
import { request as sendRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';

import { Deadline } from '../../src/concurrency/deadline.js';
import { Semaphore } from '../../src/concurrency/semaphore.js';
import { createManualClock } from '../kit/time/clock.js';
import { createGate } from '../kit/time/gate.js';
import { startStack, UNLIMITED } from '../kit/gateway.js';
import { send } from '../kit/clients/http-client.js';
import { createCounter } from '../kit/time/watched-clock.js';

const FILTER = 'filter: { multiCluster: true }';
const page = (fields: string) => `rows(first: 10000) { nodes { ${fields} } }`;
/** Each row needs a resolver, so the page waits for its turn. */
const LARGE = `{ workloadCosts(${FILTER}) { ${page('kubernetesCluster { costs { asOf } }')} } }`;
/** More than two sockets buffer. */
const LONG = `{ workloadCosts(${FILTER}) { ${page(`kubernetesCluster { costs { asOf } } ${Array.from({ length: 12 }, (_, at) => `a${at}: scaleOpsId b${at}: annotations { key value } c${at}: labels { key value }`).join(' ')}`)} } }`;
/** Waits for another report during its turn. */
const WAITING = `{ workloadCosts(${FILTER}) { ${page('kubernetesCluster { costs { asOf } }')} } other: workloadCosts(filter: { last: "3d" }) { asOf } }`;
const SMALL = `{ workloadCosts(${FILTER}) { rows(first: 1) { nodes { id } } } }`;
const TIMEOUT_MS = 4_000;
const env = { ...UNLIMITED, GATEWAY_TIMEOUT_MS: String(TIMEOUT_MS), GATEWAY_MAX_ANSWER_ROWS: 'off' };
/** A gateway on a clock that stands still, with its report cached. */
async function start(latency?: () => Promise<void> | void) {
  const clock = createManualClock();
  const simulator = { workloads: 20_000, ...(latency && { latency }) };
  const stack = await startStack({ clock, env, simulator });
  onTestFinished(() => stack[Symbol.asyncDispose]());
  return { clock, url: await stack.gateway.listen() };
}

/** Counts the requests that have reached the queue. */
function watchSlots(): ReturnType<typeof createCounter> {
  const requested = createCounter();
  const acquire = Semaphore.prototype.acquire;
  const spy = vi.spyOn(Semaphore.prototype, 'acquire').mockImplementation(function (this: Semaphore, caller) {
    const permit = acquire.call(this, caller);
    // Turns of calls and of parsing belong to no request.
    if (caller instanceof Deadline) requested.add();
    return permit;
  });
  onTestFinished(() => {
    spy.mockRestore();
  });
  return requested;
}

interface Reply {
  readonly status: number;
  readonly codes: readonly string[];
  readonly rowCount: number | undefined;
}

async function sendQuery(url: string, query: string): Promise<Reply> {
  const { status, text } = await send(url, { body: { query } });
  const { data, errors = [] } = JSON.parse(text);
  const codes = (errors as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code);
  return { status, codes, rowCount: data?.workloadCosts?.rows?.nodes?.length };
}

/** Sends a request whose client can disconnect at any time. */
function begin(url: string, query: string): ClientRequest {
  const request = sendRequest(new URL('/graphql', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  request.on('error', () => undefined).end(JSON.stringify({ query }));
  onTestFinished(() => void request.destroy());
  return request;
}

const GOOD = { status: 200, codes: [], rowCount: 10_000 };
const TIMED_OUT = { status: 504, codes: ['REQUEST_TIMEOUT'], rowCount: undefined };
const LIMIT = 60_000;

test(
  'one operation with several large pages gets all of them in one turn',
  async () => {
    const { url } = await start();
    const query = `{ workloadCosts(${FILTER}) { ${page('kubernetesCluster { costs { asOf } }')} more: ${page('kubernetesCluster { costs { asOf } }')} } }`;
    expect(await sendQuery(url, query)).toEqual(GOOD);
    expect(await sendQuery(url, LARGE)).toEqual(GOOD);
  },
  LIMIT,
);

test(
  'operations that time out before they wait for a turn take none',
  async () => {
    const gate = createGate();
    const { clock, url } = await start(gate.pass);
    // A report each, so that the gate shows when all of them wait.
    const late = [1, 2, 3, 4].map((days) => sendQuery(url, LARGE.replace('true', `true, last: "${days}d"`)));
    await gate.arrivals(late.length);
    clock.advance(TIMEOUT_MS);
    expect(await Promise.all(late)).toEqual(late.map(() => TIMED_OUT));
    gate.open();
    expect(await sendQuery(url, LARGE)).toEqual(GOOD);
  },
  LIMIT,
);

test(
  'operations that time out during their turn, or while they wait for it, release it',
  async () => {
    const gate = createGate();
    let isHeld = false;
    const { clock, url } = await start(() => (isHeld ? gate.pass() : undefined));
    expect((await sendQuery(url, SMALL)).status).toBe(200);
    isHeld = true;
    const slots = watchSlots();
    const late = [sendQuery(url, WAITING)];
    await Promise.all([gate.arrivals(1), slots.reaches(1)]);
    for (let count = 0; count < 12; count += 1) late.push(sendQuery(url, LARGE));
    await slots.reaches(13);
    clock.advance(TIMEOUT_MS);
    expect(await Promise.all(late)).toEqual(late.map(() => TIMED_OUT));
    // While the calls of the first operation are still held.
    expect(await sendQuery(url, LARGE)).toEqual(GOOD);
    gate.open();
  },
  LIMIT,
);

test(
  'a client that disconnects releases the turn of its operation, or its place in the queue',
  async () => {
    const gate = createGate();
    let isHeld = false;
    const { url } = await start(() => (isHeld ? gate.pass() : undefined));
    expect((await sendQuery(url, SMALL)).status).toBe(200);
    isHeld = true;
    const slots = watchSlots();
    const controller = [begin(url, WAITING)];
    await Promise.all([gate.arrivals(1), slots.reaches(1)]);
    for (let count = 0; count < 5; count += 1) controller.push(begin(url, LARGE));
    const stays = sendQuery(url, LARGE);
    await slots.reaches(7);
    for (const request of controller) request.destroy();
    expect(await stays).toEqual(GOOD);
    expect(await sendQuery(url, LARGE)).toEqual(GOOD);
    gate.open();
  },
  LIMIT,
);

test(
  'a slow client keeps its turn until it disconnects or has its whole response',
  async () => {
    const { url } = await start();
    expect((await sendQuery(url, SMALL)).status).toBe(200);
    const slots = watchSlots();
    const [reading] = (await once(begin(url, LONG), 'response')) as [IncomingMessage];
    const next = sendQuery(url, LARGE);
    await slots.reaches(2);
    // Small responses need no turn.
    expect((await sendQuery(url, SMALL)).status).toBe(200);
    expect(await Promise.race([next, sendQuery(url, SMALL)])).not.toEqual(GOOD);
    reading.destroy();
    expect(await next).toEqual(GOOD);

    const [whole] = (await once(begin(url, LONG), 'response')) as [IncomingMessage];
    const last = sendQuery(url, LARGE);
    await slots.reaches(4);
    expect((await buffer(whole)).length).toBeGreaterThan(10_000_000);
    expect(await last).toEqual(GOOD);
  },
  LIMIT,
);
