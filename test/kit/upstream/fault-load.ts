// Many concurrent requests, and their outcomes.

import { namespaceQuery, type Fixture } from './fault-fixture.js';
import type { GraphqlResponse } from '../gateway.js';

/** Different requests, so none shares a call. */
export const sendMany = ({ gateway }: Fixture, count: number, name = 'question'): Promise<GraphqlResponse>[] =>
  Array.from({ length: count }, (_, index) => gateway.send(namespaceQuery(`${name}-${index}`)));

const codeOf = ({ errors }: GraphqlResponse): string => errors[0]?.extensions.code ?? 'good';
export const countCodes = (responses: readonly GraphqlResponse[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const response of responses) counts[codeOf(response)] = (counts[codeOf(response)] ?? 0) + 1;
  return counts;
};
