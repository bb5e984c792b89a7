// One cell of the table: one mode and one size, for all servers. Each is queried until its response is correct, then warmed
// up; rounds alternate between servers, so that other load on the machine affects all of them.

import { isDeepStrictEqual } from 'node:util';

import { COUNTER, REPEATED_MODES, SIZES, toExpected, toRequestOptions } from './queries.mjs';
import { startHelper, startServer, writeTrustedDocuments } from './processes.mjs';

/**
 * In seconds: V8 compiles the report parser after some thousands of reports, and earlier rounds measure V8.
 * (The gateway's first 500 take three times as long as its 5,000th, on Node 20.)
 */
const COLD_WARM_UP = 8;

/**
 * @param {string} mode
 * @param {string} size
 * @param {{ servers: string[], seconds: number, rounds: number, env: Record<string, string> }} options
 * @returns per server the rate of each round, CPU and latencies of all
 */
export async function measureCell(mode, size, { servers, seconds, rounds, env }) {
  const upstream = await startHelper('upstream.mjs', { ROWS: String(SIZES[size].rows) });
  const url = await upstream.message();
  const load = await startHelper('load.mjs');
  const running = [];
  try {
    const report = await (await fetch(url, { method: 'POST' })).json();
    const expected = toExpected(size, report.aggregatedWorkloads);
    for (const name of servers) {
      const more = mode === 'document-id' ? { GATEWAY_TRUSTED_DOCUMENTS: writeTrustedDocuments() } : {};
      const options = { upstream: url, isRepeated: REPEATED_MODES.includes(mode), env: { ...env, ...more } };
      const server = await startServer(name, options);
      running.push({ server, task: toTask(mode, size, server.port), figures: [] });
    }
    for (const each of running) {
      // The bare server learns its bytes from the first query, and knows one form.
      if (each.server.name === 'bare')
        await findExpectedResponse({ ...each, task: toTask('again', size, each.server.port) }, expected);
      each.task.data = await findExpectedResponse(each, expected);
    }
    const measure = async ({ server, task }, roundSeconds) => {
      const cpuMs = server.cpuMs();
      load.child.send({ ...task, seconds: roundSeconds });
      const figures = await load.message();
      if (figures.failure !== undefined) throw new Error(`${server.name}, ${mode} ${size}: ${figures.failure}`);
      return { ...figures, rate: figures.count / figures.elapsed, cpuMs: server.cpuMs() - cpuMs };
    };
    for (const each of running) await measure(each, mode === 'cold' ? COLD_WARM_UP : Math.max(1, seconds / 3));
    for (let round = 0; round < rounds; round += 1) {
      // Each round begins with another server.
      const order = [...running.slice(round % running.length), ...running.slice(0, round % running.length)];
      for (const each of order) each.figures.push(await measure(each, seconds / rounds));
    }
    return Object.fromEntries(running.map(({ server, figures }) => [server.name, summarize(figures)]));
  } finally {
    await Promise.all(running.map(({ server }) => server.stop()));
    for (const { child } of [upstream, load]) child.disconnect();
  }
}

function toTask(mode, size, port) {
  return { port, request: toRequestOptions(mode, size), connections: SIZES[size].connections };
}

/** Sends the query until the response is stable, checks its data, and returns the expected beginning of responses. */
async function findExpectedResponse({ server, task }, expected) {
  const { path, body } = task.request;
  let last = '';
  for (let time = 0; time < 5; time += 1) {
    const response = await fetch(`http://127.0.0.1:${task.port}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: body?.replace(COUNTER, String(999_999_990 + time)),
    });
    const text = await response.text();
    const { data, errors } = JSON.parse(text);
    if (errors !== undefined || !isDeepStrictEqual(data, expected))
      throw new Error(`${server.name} returns another response: ${text.slice(0, 300)}`);
    const end = text.lastIndexOf(',"extensions":');
    const own = end === -1 ? text : text.slice(0, end);
    if (time > 0 && own !== last) throw new Error(`${server.name} returns a different response each time`);
    last = own;
  }
  return last;
}

function summarize(figures) {
  const sorted = (name) => figures.map((each) => each[name]).sort((a, b) => a - b);
  const sum = (name) => figures.reduce((total, each) => total + each[name], 0);
  const median = (name) => {
    const values = sorted(name);
    return (values[(values.length - 1) >> 1] + values[values.length >> 1]) / 2;
  };
  const rates = sorted('rate');
  return {
    rate: median('rate'),
    least: rates[0],
    most: rates.at(-1),
    rates: figures.map(({ rate }) => rate),
    cpuMs: sum('cpuMs') / sum('count'),
    p50: median('p50'),
    p99: median('p99'),
    busy: median('busy'),
  };
}
