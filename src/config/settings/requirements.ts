// Settings that belong to one value of another setting: credentials that it needs, and that have no effect without it.

import { isSet, type Environment, type Source } from './reader.js';
import type { SettingName } from './settings.js';

/** The settings that each value of a setting needs; of an inner list exactly one. */
export type Needs = Readonly<Record<string, readonly (SettingName | readonly [SettingName, SettingName])[]>>;

/** Adds a problem for each setting that `value` of `name` needs and that is not set. */
export function requireNeeds({ env, problems }: Source, needs: Needs, name: SettingName, value: string): void {
  for (const need of needs[value] ?? []) {
    const names = [need].flat();
    const count = names.filter((each) => isSet(env, each)).length;
    if (count === 0) problems.push(`${names.join(' or ')} must be set with ${name}=${value}.`);
    if (count > 1) problems.push(`${names.join(' and ')} exclude each other.`);
  }
}

/** Warnings about settings that are set, and that only other values of `name` need. */
export function findUnneeded(env: Environment, needs: Needs, name: SettingName, value: string): string[] {
  const others = Object.entries(needs).filter(([other]) => other !== value);
  return others.flatMap(([other, needed]) =>
    needed
      .flat()
      .filter((each) => isSet(env, each))
      .map((each) => `${each} has no effect without ${name}=${other}.`),
  );
}
