// Charges what an operation writes and reads to its budget: lists before their items are made, queries over a report
// before they are asked.

import type { GraphQLResolveInfo } from 'graphql';

import type { GatewayContext } from '../loaders/context.js';
import type { LazyList } from '../report/lazy-list.js';
import { countSelectedFields, LIST_VALUES_PER_ROW } from './selection/size.js';

/** Charges a list of objects, each with all fields that are selected below it. @throws GatewayError QUERY_TOO_COMPLEX */
export function chargeItems(context: GatewayContext, count: number, info: GraphQLResolveInfo): void {
  context.budget.chargeItems(count, countFieldsBelow(context, info));
}

/**
 * A list of objects that the executor completes one by one. They take much memory, so an operation with many of them waits
 * for its slot.
 */
export function toObjects<T>(list: LazyList<T>, context: GatewayContext): readonly T[] | Promise<readonly T[]> {
  // Pothos' types know lists as arrays only; the executor takes any iterable.
  const items = list as Iterable<T> as readonly T[];
  if (!context.budget.countObjects(list.length)) return items;
  return context.acquireLargeResponseSlot().then(() => items);
}

/** Charges one object with all fields that are selected below it. @throws GatewayError QUERY_TOO_COMPLEX */
export function chargeSelectedFields(context: GatewayContext, info: GraphQLResolveInfo): void {
  context.budget.chargeFields(countFieldsBelow(context, info));
}

/**
 * Charges a list that is part of a row, which was charged for LIST_VALUES_PER_ROW values when the row was. Returns the
 * list.
 */
export function chargeRowList<List extends readonly unknown[] | null>(
  list: List,
  context: GatewayContext,
  info: GraphQLResolveInfo,
): List {
  const excess = (list?.length ?? 0) - LIST_VALUES_PER_ROW;
  if (excess > 0) context.budget.chargeFields(excess * Math.max(1, countFieldsBelow(context, info)));
  return list;
}

function countFieldsBelow(context: GatewayContext, info: GraphQLResolveInfo): number {
  return context.memoize([info.fieldNodes, 'fields'], () => countSelectedFields(info));
}

/** Equal for fields of equal arguments. The arguments of a field are the same wherever it is resolved in an operation. */
export function argumentsKey(
  { memoize }: GatewayContext,
  { fieldNodes }: GraphQLResolveInfo,
  args: Readonly<Record<string, unknown>>,
): string {
  return memoize([fieldNodes, 'arguments'], () => JSON.stringify(args, keepNonFinite));
}

/** JSON has no Infinity, which a literal such as 1e999 becomes, and would make null of it. */
function keepNonFinite(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
