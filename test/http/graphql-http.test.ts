// All audits of the GraphQL-over-HTTP working group, over a real socket.

import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';

describe('GraphQL over HTTP', () => {
  let stack: TestStack;
  let url = '';
  beforeAll(async () => {
    stack = await startStack();
    url = `${await stack.gateway.listen()}/graphql`;
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const audits = serverAudits({ url: () => url, fetchFn: fetch });

  test('is checked by the 61 audits of graphql-http 1.23', () => {
    expect(audits).toHaveLength(61);
  });

  test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))('%s: %s', async (_id, _name, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' });
  });

  // GraphQL, section 7.2.2 "Serialized Map Ordering". Yoga's executor before 2.1 put completed fields first.
  test('a response has its fields in the order of the document', async () => {
    const { text } = await stack.send(
      '{ z: workloadCosts { isStale } a: __typename m: kubernetesCluster(name: "c") { name } }',
    );
    expect([...text.matchAll(/"([zam])":/g)].map(([, name]) => name)).toEqual(['z', 'a', 'm']);
    expect(stack.received).toHaveLength(1);
  });
});
