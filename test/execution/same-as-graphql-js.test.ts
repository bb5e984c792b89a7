// Random operations over the gateway's schema get the same data, order of fields and errors from the executor as from
// graphql-js, in every request form.

import fc from 'fast-check';
import { execute, Kind, parse, print, visit } from 'graphql';
import type { DocumentNode, FieldNode, SelectionNode, SelectionSetNode } from 'graphql';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { Values } from '../../src/execution/plan.js';
import { PreparedOperation } from '../../src/execution/prepared-operation.js';
import { createSchema } from '../../src/graphql/schema.js';
import type { GatewayContext } from '../../src/loaders/context.js';
import { anyCase, type Choices } from '../kit/fuzz/choices.js';
import { createManualClock } from '../kit/time/clock.js';
import { makeOperation, type Operation } from '../kit/fuzz/documents.js';
import { NO_TIMER, startStack, UNLIMITED, type TestStack } from '../kit/gateway.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 150);

/** Whether graphql-js executes the next operation, instead of the gateway's executor. */
const reference = vi.hoisted(() => ({ isOn: false }));
/** The raw variables, by their coerced values. */
const sent = new WeakMap<object, Values>();
const coerceVariables = PreparedOperation.prototype.coerceVariables;
vi.spyOn(PreparedOperation.prototype, 'coerceVariables').mockImplementation(function (this: PreparedOperation, given) {
  const result = coerceVariables.call(this, given);
  if (result.coerced !== undefined) sent.set(result.coerced, given);
  return result;
});
vi.mock('../../src/execution/run-plan.js', async (load) => {
  const own = await load<typeof import('../../src/execution/run-plan.js')>();
  const runPlan: typeof own.runPlan = (plan, variables, context, hooks) => {
    if (!reference.isOn) return own.runPlan(plan, variables, context, hooks);
    (context as GatewayContext).serializesLists = false;
    const { schema, operation, fragments } = plan;
    const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...Object.values(fragments)] };
    return execute({ schema, document, contextValue: context, variableValues: sent.get(variables) ?? null });
  };
  return { ...own, runPlan };
});

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({
    clock: createManualClock(),
    env: { ...NO_TIMER, ...UNLIMITED, GATEWAY_MAX_ANSWER_ROWS: 'off' },
  });
});
afterAll(() => stack[Symbol.asyncDispose]());

/** JSON text, because an object literal would lose a variable that is called `__proto__`. */
function toVariables({ variables }: Operation): string {
  return `{${[...variables].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

/** Some fields are repeated with selections that must be merged; some documents have two operations. */
function vary(choices: Choices, operation: Operation): Operation {
  // Some contain half of a surrogate pair, which is refused.
  if (operation.query.includes('\\ud83d"')) return operation;
  const others: string[] = [];
  const split = (field: FieldNode): readonly SelectionNode[] => {
    const { selectionSet } = field;
    if (selectionSet === undefined || !choices.chance(25)) return [field];
    const at = choices.below(selectionSet.selections.length);
    const [first, second] = [selectionSet.selections.slice(0, at + 1), selectionSet.selections.slice(at)];
    const copyOf = (selections: readonly SelectionNode[]) => ({
      ...field,
      selectionSet: { ...selectionSet, selections },
    });
    const copy = copyOf(second);
    return [copyOf(first), choices.chance(50) ? copy : { kind: Kind.INLINE_FRAGMENT, selectionSet: toSet([copy]) }];
  };
  const document = visit(parse(operation.query), {
    SelectionSet: {
      leave: (set) => ({
        ...set,
        selections: set.selections.flatMap((each) => (each.kind === Kind.FIELD ? split(each) : [each])),
      }),
    },
  });
  if (operation.name !== undefined && choices.chance(50)) others.push('query Another { __typename }');
  return { ...operation, query: [print(document), ...others].join(' ') };
}

const toSet = (selections: readonly SelectionNode[]): SelectionSetNode => ({ kind: Kind.SELECTION_SET, selections });

type Form = (operation: Operation) => Request;
const HEADERS = { 'x-request-id': 'same', accept: 'application/graphql-response+json' };
const post: Form = (operation) => {
  const { query, name } = operation;
  const operationName = name === undefined ? '' : `,"operationName":${JSON.stringify(name)}`;
  const body = `{"query":${JSON.stringify(query)},"variables":${toVariables(operation)}${operationName}}`;
  return new Request('http://localhost/graphql', {
    method: 'POST',
    body,
    headers: { ...HEADERS, 'content-type': 'application/json' },
  });
};
const get: Form = (operation) => {
  const { query, name } = operation;
  const search = new URLSearchParams({
    query,
    variables: toVariables(operation),
    ...(name !== undefined && { operationName: name }),
  });
  return new Request(`http://localhost/graphql?${search.toString()}`, { headers: HEADERS });
};

interface Comparable {
  readonly status: number;
  readonly data: string;
  readonly errors: readonly string[];
}

/** Data as text, because its order matters; errors without order, because graphql-js does not define one. */
async function send(request: Request): Promise<Comparable> {
  const response = await stack.gateway.fetch(request);
  const { data, errors = [] } = JSON.parse(await response.text()) as { data?: unknown; errors?: object[] };
  return {
    status: response.status,
    data: data === undefined ? '' : JSON.stringify(data),
    errors: errors.map((error) => JSON.stringify(error)).sort(),
  };
}

async function executeReference(operation: Operation): Promise<Comparable> {
  reference.isOn = true;
  const request = post(operation);
  // Bypasses the response cache, whose entries come from the executor.
  request.headers.set('cache-control', 'no-cache');
  return send(request).finally(() => (reference.isOn = false));
}

test(
  'an operation gets the response of graphql-js in each request form, also from the cache',
  async () => {
    const schema = createSchema();
    let executed = 0;
    const operations = anyCase((choices) => vary(choices, makeOperation(choices, schema)));
    await fc.assert(
      fc.asyncProperty(operations, async (operation) => {
        const expected = await executeReference(operation);
        if (expected.status === 200) executed += 1;
        // graphql-js lists all errors; the executor stops after 100.
        if (expected.errors.length > 100) return;
        for (const form of [post, get, post, get]) expect(await send(form(operation))).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
    expect(executed).toBeGreaterThan(RUNS / 3);
    expect(stack.log.some(({ responseCacheHit }) => responseCacheHit === true)).toBe(true);
  },
  30_000 + 400 * RUNS,
);
