// Texts about settings for a terminal: `--help`, problems, warnings. They never contain a value.

import { didYouMean } from '../checks.js';
import { ConfigError } from './reader.js';
import { REQUIREMENTS } from './requirements.js';
import type { Setting } from './rules.js';
import { SETTING_GROUPS } from './settings.js';

interface Entry extends Setting<unknown> {
  readonly name: string;
  readonly group: string;
}

const ENTRIES = Object.entries(SETTING_GROUPS).flatMap(([group, settings]) =>
  Object.entries<Setting<unknown>>(settings).map(([name, setting]): Entry => ({ ...setting, name, group })),
);

/** All settings by groups with their defaults, and the command line options. */
export function explainSettings(options: readonly string[]): string {
  const groups = Object.keys(SETTING_GROUPS).map((title) => {
    const lines = ENTRIES.filter(({ group }) => group === title).map(({ name, default: value, description }) => {
      return `${name}${value === undefined ? '' : ` (${value})`}\n    ${description}\n`;
    });
    return `${title}\n\n${lines.join('')}\n`;
  });
  return [
    'Settings, from the environment, with their defaults. --help NAME explains one.\n\n',
    ...groups,
    `Options: ${options.join(', ')}\n`,
  ].join('');
}

/** One setting in full; the case of the name does not matter. @throws ConfigError if there is none of that name. */
export function explainSetting(settingName: string): string {
  const wanted = settingName.toUpperCase();
  const entry = ENTRIES.find(({ name }) => name === wanted);
  if (entry === undefined) {
    // Only a text that looks like a name is repeated: another may be a secret.
    const shown = /^[A-Z_]{1,40}$/.test(wanted) ? wanted : 'This';
    throw new ConfigError([`${shown} is not a setting of the gateway${didYouMean(wanted)}`]);
  }
  return [
    entry.name,
    `    ${entry.description}`,
    `    Default: ${entry.default ?? (entry.required ? 'there is none, it must be set' : 'it is not set')}`,
    `    Allowed: ${entry.rule.replace(/^must be /, '')}`,
    `    Group: ${entry.group}`,
    `    See also: ${findRelated(entry).join(', ')}`,
    '',
  ].join('\n');
}

/** The settings that mention, or are mentioned, or are required by the other; without any, those of its group. */
function findRelated(entry: Entry): readonly string[] {
  const others = ENTRIES.filter(({ name }) => name !== entry.name);
  const related = others.filter((other) => refersTo(entry, other) || refersTo(other, entry));
  return (related.length > 0 ? related : others.filter(({ group }) => group === entry.group)).map(({ name }) => name);
}

function refersTo(entry: Entry, { name }: Entry): boolean {
  const required: readonly string[] = Object.values(REQUIREMENTS[entry.name] ?? {}).flat(2);
  return required.includes(name) || new RegExp(`\\b${name}\\b`).test(entry.description);
}

/** Problems, and warnings: a misspelt name is often the cause of a missing setting. */
export function explainProblems({ message, warnings }: ConfigError): string {
  return `${message}\n${explainWarnings(warnings)}`;
}

export function explainWarnings(warnings: readonly string[]): string {
  return warnings.length === 0 ? '' : `Warnings:\n${warnings.map((warning) => `  - ${warning}\n`).join('')}`;
}
