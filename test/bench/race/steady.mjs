// A low rate for p99: a request every few milliseconds, whether or not earlier ones are complete, so that requests behind
// a blocked server count. In its own process; it begins and ends on a message.

import { connect } from 'node:net';
import { setPriority } from 'node:os';

import { createResponseReader } from './response-reader.mjs';
import { toRequest } from './request.mjs';

const [EVERY_MS, CONNECTIONS] = [5, 100];

try {
  // Measures the time of the server, without the wait for the core that this process shares with the upstream.
  setPriority(-15);
} catch {
  console.error('p99: without the right to a higher priority the figures are too high on a busy machine');
}

let steady;
process.on('message', async ({ task }) => {
  if (task !== undefined) {
    steady = await begin(task);
    process.send('begun');
  } else process.send(await steady.end());
});
process.once('disconnect', () => process.exit());

async function begin({ port, request, data }) {
  const expected = Buffer.from(data);
  const latencies = [];
  /** Requests that are due while all connections wait for a response. */
  const due = [];
  const free = [];
  const bytes = toRequest(port, request)();
  const fail = (error) => {
    throw error;
  };
  const open = () =>
    new Promise((resolve) => {
      const read = createResponseReader(expected, () => {
        latencies.push(performance.now() - connection.sentAt);
        free.push(connection);
        take();
      });
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(connection));
      const connection = { sentAt: 0, socket };
      socket.on('data', (piece) => read(piece, piece.length)).on('error', fail);
    });
  const take = () => {
    while (due.length > 0 && free.length > 0) {
      const connection = free.pop();
      connection.sentAt = due.shift();
      connection.socket.write(bytes);
    }
  };
  for (let count = 0; count < CONNECTIONS; count += 1) free.push(await open());
  let next = performance.now();
  const timer = setInterval(() => {
    for (; next <= performance.now(); next += EVERY_MS) due.push(next);
    take();
  }, 1);
  return {
    async end() {
      clearInterval(timer);
      while (due.length > 0 || free.length < CONNECTIONS) await new Promise((resolve) => setTimeout(resolve, 1));
      for (const { socket } of free) socket.destroy();
      return latencies;
    },
  };
}
