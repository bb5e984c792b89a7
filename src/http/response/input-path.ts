// Where in an operation a literal stands, in the words of its author: `filter.timeRange.last`.

import { BREAK, Kind, visit } from 'graphql';
import type { ArgumentNode, ASTNode, DocumentNode, ObjectFieldNode } from 'graphql';

/** The path of arguments and input fields that leads to `target`; empty when it is in none. */
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
  let branch = document as unknown as Branch;
  for (const step of steps) {
    branch = branch[step] as Branch;
    const { kind, name } = branch as unknown as Partial<ArgumentNode | ObjectFieldNode>;
    if (kind === Kind.ARGUMENT) text = name?.value ?? '';
    if (kind === Kind.OBJECT_FIELD) text += `.${name?.value ?? ''}`;
  }
  return text;
}
