// Where in an operation a literal stands, in the words of its author: `filter.timeRange.last`, `filter.tags[2]`.

import { BREAK, Kind, visit, type ASTNode, type DocumentNode } from 'graphql';

/** The path of arguments, input fields and list positions that leads to `target`; empty when it is in none. */
export function findInputPath(document: DocumentNode, target: ASTNode): string {
  let steps: readonly (string | number)[] = [];
  visit(document, {
    enter(node, _key, _parent, path) {
      if (node !== target) return undefined;
      steps = [...path];
      return BREAK;
    },
  });
  return describeSteps(document, steps);
}

type Branch = Readonly<Record<string | number, unknown>>;

function describeSteps(document: DocumentNode, steps: readonly (string | number)[]): string {
  let text = '';
  let isListValue = false;
  let branch = document as unknown as Branch;
  for (const step of steps) {
    const next = branch[step] as Branch & Partial<ASTNode>;
    if (isListValue) text += `[${step}]`;
    isListValue = branch.kind === Kind.LIST;
    if (next.kind === Kind.ARGUMENT) text = next.name?.value ?? '';
    if (next.kind === Kind.OBJECT_FIELD) text += `.${next.name?.value ?? ''}`;
    branch = next;
  }
  return text;
}
