// The audits of the GraphQL-over-HTTP working group, all of them, over a real socket.

import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack, type TestStack } from './kit/gateway.js';

describe('GraphQL over HTTP', () => {
  let stack: TestStack;
  let url = '';
  beforeAll(async () => {
    stack = await startStack();
    url = `${await stack.gateway.listen()}/graphql`;
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const audits = serverAudits({ url: () => url });

  test('has the 61 audits of graphql-http 1.23', () => {
    expect(audits).toHaveLength(61);
  });

  test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))('%s: %s', async (_id, _name, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' });
  });
});
