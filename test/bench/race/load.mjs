// The load: connections that each send the next request after the last response, in a separate process. Plain sockets and
// a minimal parser, so that the server is the limit. Every response is compared byte by byte with a verified one; the part
// after its data may differ, because the gateway puts freshness there.

import { connect } from 'node:net';

import { createResponseReader } from './response-reader.mjs';
import { toRequest } from './request.mjs';

process.on('message', async (task) => {
  try {
    process.send(await run(task));
  } catch (error) {
    process.send({ failure: String(error?.message ?? error) });
  }
});
process.once('disconnect', () => process.exit());

/** @param {{ port: number, request: { path: string, body?: string }, data: string, connections: number, seconds: number }} task */
async function run({ port, request, data, connections, seconds }) {
  const expected = Buffer.from(data);
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const latencies = [];
  const until = startedAt + seconds * 1000;
  const all = Array.from({ length: connections }, () =>
    drive(port, toRequest(port, request), expected, until, latencies),
  );
  await Promise.all(all);
  const elapsed = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const at = (part) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))];
  const busy = (user + system) / 1e6 / elapsed;
  return { count: latencies.length, elapsed, busy, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** One connection, until the time is over and its last response has arrived. */
function drive(port, next, expected, until, latencies) {
  return new Promise((resolve, reject) => {
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(next());
    };
    const reader = createResponseReader(expected, () => {
      const now = performance.now();
      latencies.push(now - sentAt);
      if (now < until) send();
      else {
        socket.destroy();
        resolve();
      }
    });
    const onData = (length, buffer) => {
      try {
        reader(buffer, length);
      } catch (error) {
        socket.destroy();
        reject(error);
      }
      return true;
    };
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: Buffer.allocUnsafe(262_144), callback: onData },
    });
    socket.on('connect', send);
    socket.on('error', reject);
    // After the last response an error does not matter.
    socket.on('close', () => reject(new Error('the server closed the connection')));
  });
}
