// The names of an entity as ScaleOps spells them. Keys are case-insensitive, so an entity whose costs are selected has the
// names of its report: the same for every spelling of the key, as its id is.

import type { GraphQLResolveInfo } from 'graphql';

import type { GatewayContext } from '../../loaders/context.js';
import { fieldsBelow } from '../selection/size.js';

type Key<Field extends string> = Readonly<Record<Field, string>>;
/** The names in a report; null for those that it lacks. */
type ReportedNames<Field extends string> = Readonly<Record<Field, string | null>>;
type MaybePromise<T> = T | Promise<T>;

/** The key of an entity. */
export type Entity<Field extends string> = Key<Field> & {
  /** The names in the reports that were loaded; undefined when the operation loads none. */
  readonly reportedNames?: MaybePromise<ReportedNames<Field> | null>[];
};

/** @param field the field of the entity that loads a report. */
export function toEntity<Field extends string>(
  key: Key<Field>,
  field: 'cost' | 'costs',
  { memoize }: GatewayContext,
  info: GraphQLResolveInfo,
): Entity<Field> {
  const loadsReport = memoize([info.fieldNodes, field], () =>
    Array.from(fieldsBelow(info)).some(({ name }) => name.value === field),
  );
  return loadsReport ? { ...key, reportedNames: [] } : key;
}

/** Records how a report spells the names of an entity. Returns `loaded`. */
export function recordNames<Field extends string, Loaded extends object>(
  { reportedNames }: Entity<Field>,
  loaded: MaybePromise<Loaded | null>,
  read: (loaded: Loaded) => ReportedNames<Field>,
): MaybePromise<Loaded | null> {
  const toNames = (value: Loaded | null): ReportedNames<Field> | null => value && read(value);
  // A report that fails is an error of the field that loads it.
  reportedNames?.push(loaded instanceof Promise ? loaded.then(toNames, () => null) : toNames(loaded));
  return loaded;
}

/** Creates the resolver of a name: as a report of the entity spells it, else as in the key. */
export function resolveName<Field extends string>(field: Field): (entity: Entity<Field>) => MaybePromise<string> {
  return (entity) => (entity.reportedNames === undefined ? entity[field] : findReportedName(entity, field));
}

async function findReportedName<Field extends string>(entity: Entity<Field>, field: Field): Promise<string> {
  // The executor calls all resolvers of an object synchronously, so in the next microtask all reports are being loaded.
  await Promise.resolve();
  for (const names of entity.reportedNames ?? []) {
    const name = (await names)?.[field];
    if (name != null) return name;
  }
  return entity[field];
}
