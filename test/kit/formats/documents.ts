// Reads the project's documents: code blocks, tables, and example responses.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { ROOT } from '../processes/process.js';

interface CodeBlock {
  /** The heading that it is under. */
  readonly heading: string;
  readonly language: string;
  readonly text: string;
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The code blocks of a document, in order. */
export function readBlocks(path: string): CodeBlock[] {
  let heading = '';
  return [...readText(path).matchAll(/^#+ (.*)$|^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, title, language, text]) => {
    if (title !== undefined) heading = title;
    return text === undefined ? [] : [{ heading, language: language ?? '', text }];
  });
}

/** The text of the only block of that language under a heading. */
export function findBlock(blocks: readonly CodeBlock[], heading: string, language: string): string {
  const found = blocks.filter((block) => block.heading === heading && block.language === language);
  expect(found, `${language} under ${heading}`).toHaveLength(1);
  return found[0]!.text;
}

/** The text between the comments `<!-- name -->` and `<!-- /name -->`. */
export function readSection(path: string, name: string): string {
  return new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)\\n?<!-- /${name} -->`).exec(readText(path))?.[1] ?? '';
}

/** The cells of a Markdown table, without its head; code without its quotes. */
export function toCells(table: string): string[][] {
  const [, , ...rows] = table.trim().split('\n');
  return rows.map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

/** The type of a value that differs each time. */
function typeOf(value: unknown): unknown {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value))
    return expect.stringMatching(/^\d{4}-.*Z$/);
  return typeof value === 'number' ? expect.any(Number) : value;
}

/**
 * The expected response: the same keys, names and nulls, any numbers and times; a list may be longer than in the
 * document.
 */
export function toPattern(shown: unknown, actual: unknown): unknown {
  if (Array.isArray(shown)) {
    const [items, found] = [shown as unknown[], Array.isArray(actual) ? (actual as unknown[]) : []];
    if (found.length < items.length) return items;
    return found.map((item, index): unknown => (index < items.length ? toPattern(items[index], item) : item));
  }
  if (typeof shown !== 'object' || shown === null) return typeOf(shown);
  const entries = Object.entries(shown as Record<string, unknown>).map(([key, value]): [string, unknown] => {
    const of = typeof actual === 'object' && actual !== null ? (actual as Record<string, unknown>)[key] : undefined;
    // Counts depend on the fleet only, and are the same each time.
    return [key, key.endsWith('Count') ? value : toPattern(value, of)];
  });
  return Object.fromEntries(entries);
}
