// The built server, once for real and by nothing but Node: started as the README says, asked, and stopped.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const server = spawn(process.execPath, ['dist/main.js', '--demo'], {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const exited = once(server, 'exit');
try {
  const ended = exited.then(() => Promise.reject(new Error('the server ended before it listened')));
  const [line] = await Promise.race([once(createInterface(server.stdout), 'line'), ended]);
  assert.match(line, /SIMULATED/);
  const [url] = /http\S+/.exec(line);
  const query =
    '{ aggregatedCosts(filter: { groupBy: { namespace: true } }) { rows { totalCount nodes { totalCost } } } }';
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  const { totalCount, nodes } = data.aggregatedCosts.rows;
  assert.ok(totalCount > 0 && totalCount === nodes.length && nodes.every((node) => node.totalCost > 0));
  server.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
  console.log(`${line.split('.')[0]}: ${totalCount} rows, stopped with 0`);
} finally {
  server.kill('SIGKILL');
}
