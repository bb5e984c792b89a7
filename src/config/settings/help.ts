// What a person reads of the settings on a terminal: all of them, and what became of theirs. Never a value.

import { ConfigError } from './reader.js';
import type { Setting } from './setting.js';
import { SETTINGS } from './settings.js';

/** Every setting with its default, and the options. */
export function explainSettings(options: readonly string[]): string {
  const lines = Object.entries<Setting<unknown>>(SETTINGS).map(
    ([name, setting]) =>
      `${name}${setting.default === undefined ? '' : ` (${setting.default})`}\n    ${setting.meaning}\n`,
  );
  return `Settings, from the environment, with their defaults:\n\n${lines.join('')}\nOptions: ${options.join(', ')}\n`;
}

/** What is wrong, and what is odd: a misspelt name is often the cause of a missing one. */
export function explainProblems({ message, warnings }: ConfigError): string {
  return `${message}\n${explainWarnings(warnings)}`;
}

export function explainWarnings(warnings: readonly string[]): string {
  return warnings.length === 0 ? '' : `Warnings:\n${warnings.map((warning) => `  - ${warning}\n`).join('')}`;
}
