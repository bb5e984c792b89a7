// The names of an entity as ScaleOps spells them. Keys are compared without regard to case, so an entity whose costs are
// read has the names of its report: the same for every spelling of the key, as its id is.

import type { GraphQLResolveInfo } from 'graphql';

import type { GatewayContext } from '../../loaders/context.js';
import { fieldsBelow } from '../selection/size.js';

type Names<Field extends string> = Readonly<Record<Field, string>>;
/** The names in a report; null where it has none. */
type Spelling<Field extends string> = Readonly<Record<Field, string | null>>;
type MaybePromise<T> = T | Promise<T>;

/** The key of an entity. */
export type Spelled<Field extends string> = Names<Field> & {
  /** What the reports say that were asked for; undefined when none will be. */
  readonly spellings?: MaybePromise<Spelling<Field> | null>[];
};

/** An entity of this key. `field` is the field of the entity that loads a report. */
export function toSpelled<Field extends string>(
  key: Names<Field>,
  field: 'cost' | 'costs',
  { memoize }: GatewayContext,
  info: GraphQLResolveInfo,
): Spelled<Field> {
  const readsReport = memoize([info.fieldNodes, field], () =>
    Array.from(fieldsBelow(info)).some(({ name }) => name.value === field),
  );
  return readsReport ? { ...key, spellings: [] } : key;
}

/** Notes how a report spells the names of an entity, and returns what was loaded. */
export function noteSpelling<Field extends string, Loaded extends object>(
  { spellings }: Spelled<Field>,
  loaded: MaybePromise<Loaded | null>,
  read: (loaded: Loaded) => Spelling<Field>,
): MaybePromise<Loaded | null> {
  const toSpelling = (each: Loaded | null): Spelling<Field> | null => each && read(each);
  // A report that fails is an error of the field that asked for it.
  spellings?.push(loaded instanceof Promise ? loaded.then(toSpelling, () => null) : toSpelling(loaded));
  return loaded;
}

/** A resolver of a name: as a report of the entity spells it, else as in the key. */
export function spellName<Field extends string>(field: Field): (entity: Spelled<Field>) => MaybePromise<string> {
  return (entity) => (entity.spellings === undefined ? entity[field] : readSpelling(entity, field));
}

async function readSpelling<Field extends string>(entity: Spelled<Field>, field: Field): Promise<string> {
  // All fields of an object are resolved in one go, so those that load a report have begun by the next microtask.
  await Promise.resolve();
  for (const spelling of entity.spellings ?? []) {
    const name = (await spelling)?.[field];
    if (name != null) return name;
  }
  return entity[field];
}
