// Finds banned words. Each test lists its offenders as file:line.

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
/** This file names the words; packages and their lock files are written by others. */
const SKIPPED = /\/node_modules\/|\/package-lock\.json$|\/language\.test\.ts$/;

/** Patterns, and what to write instead. The function `visit` of graphql-js is a term of the field; the noun is not. */
const BANNED = [
  ['doors?', 'HTTP layer, handler'],
  ['lanes?', 'pipeline'],
  ['visits|visitors?|(?:a|the|each|every|first|second|last) visit', 'request, caller'],
  ['cohorts?', 'batch'],
  ['breaths?|breathe', 'yield'],
  ['patience', 'timeout'],
  ['crews?', 'worker pool'],
  ['anew', 'again, no-cache'],
  ['whoever', 'the caller, the client'],
  ['that is ours to do', 'the gateway does it'],
  ['is told so', 'gets the error'],
  ['not yet asked', 'not requested yet'],
  ['kept for', 'cached for'],
  ['face value', 'data-quality warning'],
  ['in the making', 'in progress'],
  ['in case alone', 'only in case'],
] as const;

/** Identifiers are split into words: `createDoor` and `MAX_PATIENCE` have two each. */
function toWords(line: string): string {
  return line
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
}

const FILES = ['src', 'schema', 'test'].flatMap((folder) =>
  readdirSync(ROOT + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length))
    .filter((file) => !SKIPPED.test(`/${file}`)),
);
const LINES = [...FILES, 'README.md'].flatMap((file) =>
  readFileSync(ROOT + file, 'utf8')
    .split('\n')
    .map((line, index) => ({ words: toWords(line), at: `${file}:${index + 1}: ${line.trim()}` })),
);

test.each(BANNED)('no file says "%s"; write: %s', (pattern) => {
  const banned = new RegExp(`\\b(?:${pattern})\\b`);
  expect(LINES.filter(({ words }) => banned.test(words)).map(({ at }) => at)).toEqual([]);
});
