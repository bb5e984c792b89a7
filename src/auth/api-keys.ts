// API keys: secrets with the name of their caller. Several keys may share a name, so that a new key can be issued before the
// old one is revoked.

import { createHash, timingSafeEqual } from 'node:crypto';

export interface ApiKey {
  readonly name: string;
  /** A secret. */
  readonly key: string;
}

const NAME = /^[\w.-]{1,64}$/;
/** Shorter ones can be guessed. */
const MIN_KEY_LENGTH = 16;
const KEY = /^[\x21-\x7e]+$/;

/**
 * Parses `name:key` entries, one per line or separated by commas; lines that start with "#" are comments.
 * @param problems receives what is wrong, by the number of the key and without a value.
 */
export function parseApiKeys(text: string, problems: string[]): readonly ApiKey[] {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const entries = lines.flatMap((line) => line.split(',')).map((entry) => entry.trim());
  const keys = entries.filter((entry) => entry !== '').map(parseKey);
  keys.forEach(({ name, key }, index) => {
    if (NAME.test(name) && key.length >= MIN_KEY_LENGTH && KEY.test(key)) return;
    problems.push(
      `must have \`name:key\` as entry number ${index + 1}: a name is up to 64 letters, digits, dots, hyphens and underscores, ` +
        `a key at least ${MIN_KEY_LENGTH} visible ASCII characters without commas.`,
    );
  });
  if (new Set(keys.map(({ key }) => key)).size < keys.length) problems.push('has the same key twice.');
  if (keys.length === 0) problems.push('holds no key.');
  return keys;
}

function parseKey(entry: string): ApiKey {
  const [name = ''] = entry.split(':', 1);
  return { name, key: entry.slice(name.length + 1) };
}

/** Returns a function that finds the name of a key, in constant time. */
export function createKeyFinder(keys: readonly ApiKey[]): (key: string) => string | undefined {
  const digests = keys.map(({ name, key }) => ({ name, digest: hash(key) }));
  return (key) => {
    const keyDigest = hash(key);
    // Compares with all keys, also after a match.
    return digests.filter(({ digest }) => timingSafeEqual(digest, keyDigest)).at(-1)?.name;
  };
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
