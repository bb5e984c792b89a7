// Runs the built server without test tools: its options, then the demo as in the README: start, query, stop.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const run = (option, env = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/main.js', option], { env, encoding: 'utf8' });
  return { status, stdout, stderr };
};
assert.deepEqual(run('--version'), { status: 0, stdout: `${version}\n`, stderr: '' });
const env = { SCALEOPS_URL: 'http://scaleops.example.com', SCALEOPS_TOKEN: 'token' };
const valid = run('--check-config', env);
assert.deepEqual([valid.status, valid.stderr], [0, '']);
assert.match(valid.stdout, /^The configuration is valid\.$/m);
const wrong = run('--check-config', { ...env, PORT: 'a-secret' });
assert.equal(wrong.status, 1);
assert.match(wrong.stderr, /^ {2}- PORT must be /m);
assert.doesNotMatch(wrong.stdout + wrong.stderr, /a-secret/);

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
  for (const path of ['/health/live', '/health/ready']) {
    const health = await fetch(new URL(path, url));
    assert.deepEqual([health.status, await health.json()], [200, { status: 'up' }]);
  }
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
  console.log(`${line.split('.')[0]}: version ${version}, ${totalCount} rows, stopped with 0`);
} finally {
  server.kill('SIGKILL');
}
