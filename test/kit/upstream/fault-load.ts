// Many concurrent questions, and their outcomes.

import { namespaceQuery, type Stand } from './fault-stand.js';
import type { Answer } from '../gateway.js';

/** Different questions, so that none shares a call. */
export const askMany = ({ gateway }: Stand, count: number, name = 'question'): Promise<Answer>[] =>
  Array.from({ length: count }, (_, index) => gateway.ask(namespaceQuery(`${name}-${index}`)));

const codeOf = ({ errors }: Answer): string => errors[0]?.extensions.code ?? 'good';
export const countCodes = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[codeOf(answer)] = (counts[codeOf(answer)] ?? 0) + 1;
  return counts;
};
