// Charges the budget of an operation for the lists and fields of its response, before they are created.

import type { GraphQLResolveInfo } from 'graphql';

import type { GatewayContext } from '../loaders/context.js';
import type { LazyList } from '../report/lazy-list.js';
import { countSelectedFields, LIST_VALUES_PER_ROW } from './selection/size.js';

/** Charges for items, each with all fields that are selected below it. @throws GatewayError QUERY_TOO_COMPLEX */
export function chargeItems(context: GatewayContext, count: number, info: GraphQLResolveInfo): void {
  context.budget.chargeItems(count, countFieldsBelow(context, info));
}

/**
 * Charges for a list that the executor completes object by object, and returns it. Objects take much memory, so an
 * operation with many of them waits for a slot. @throws GatewayError QUERY_TOO_COMPLEX
 */
export function chargeObjects<T>(
  context: GatewayContext,
  info: GraphQLResolveInfo,
  list: LazyList<T>,
): readonly T[] | Promise<readonly T[]> {
  chargeItems(context, list.length, info);
  // Pothos' types accept arrays only; the executor accepts any iterable.
  const items = list as Iterable<T> as readonly T[];
  if (!context.budget.countObjects(list.length)) return items;
  return context.acquireLargeResponseSlot().then(() => items);
}

/** Charges for one object with all fields that are selected below it. @throws GatewayError QUERY_TOO_COMPLEX */
export function chargeSelectedFields(context: GatewayContext, info: GraphQLResolveInfo): void {
  context.budget.chargeFields(countFieldsBelow(context, info));
}

/** Charges for the items of a row's list past LIST_VALUES_PER_ROW, which the row was charged for. Returns the list. */
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

/** Equal for fields with equal arguments. A field has the same arguments wherever an operation resolves it. */
export function argumentsKey(
  { memoize }: GatewayContext,
  { fieldNodes }: GraphQLResolveInfo,
  args: Readonly<Record<string, unknown>>,
): string {
  return memoize([fieldNodes, 'arguments'], () => JSON.stringify(args, keepNonFinite));
}

/** JSON.stringify writes null for Infinity, which graphql-js makes of a literal such as 1e999. */
function keepNonFinite(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
