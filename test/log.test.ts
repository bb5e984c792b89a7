// The log of the process.

import { pino } from 'pino';
import { describe, expect, test } from 'vitest';

import { ask, startProcessStack } from './kit/gateway-process.js';

describe('the log of a process', () => {
  test('has one line of JSON per operation', async () => {
    const stack = await startProcessStack();
    await ask(stack.url, '7d', { 'x-request-id': 'request-1' });
    const line = await stack.logLine(/"requestId":"request-1"/);
    expect(line).toEqual({
      level: pino.levels.values.info,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      requestId: 'request-1',
      operationName: 'Rows',
      status: 200,
      durationMs: expect.any(Number) as number,
      cache: { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 1 },
      upstreamMs: expect.any(Number) as number,
      msg: 'operation',
    });
  });

  // Mutation: no flush at the end of the process.
  test('is complete and in order when the process has ended', async () => {
    const stack = await startProcessStack();
    const ids = Array.from({ length: 200 }, (_, index) => `request-${index}`);
    for (const id of ids) await ask(stack.url, '7d', { 'x-request-id': id });
    stack.kill('SIGTERM');
    const { stdout } = await stack.ended;
    const logged = stdout.split('\n').filter((line) => line.includes('"msg":"operation"'));
    expect(logged.map((line) => (JSON.parse(line) as { requestId: string }).requestId)).toEqual(ids);
  });

  test('has no lines below its level', async () => {
    const stack = await startProcessStack({}, { LOG_LEVEL: 'warn' });
    await ask(stack.url);
    stack.kill('SIGTERM');
    const { stdout } = await stack.ended;
    expect(stdout).not.toContain('operation');
  });
});
