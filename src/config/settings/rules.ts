// What the text of a setting must look like, and what it becomes.

import { isToken } from '../../upstream/principal.js';

/** How one kind of setting is read. `rule` follows the setting's name in a problem, and never repeats the value. */
export interface Rule<T> {
  readonly accepts: (text: string) => boolean;
  readonly to: (text: string) => T;
  readonly rule: string;
}

export const text: Rule<string> = { accepts: () => true, to: String, rule: 'must be a text' };

export const token: Rule<string> = {
  accepts: isToken,
  to: String,
  rule: 'must be visible ASCII characters without spaces',
};

export const boolean: Rule<boolean> = {
  accepts: (value) => value === 'on' || value === 'off',
  to: (value) => value === 'on',
  rule: 'must be on or off',
};

/** A whole number. */
export function number(min: number, max: number): Rule<number> {
  return { accepts: isWhole(min, max), to: Number, rule: `must be a whole number from ${min} to ${max}` };
}

/** A whole number from 1, or "off", which is undefined. */
export function limit(max: number): Rule<number | undefined> {
  return {
    accepts: (value) => value === 'off' || isWhole(1, max)(value),
    to: (value) => (value === 'off' ? undefined : Number(value)),
    rule: `must be off or a whole number from 1 to ${max}`,
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): Rule<T> {
  return {
    accepts: (value) => (values as readonly string[]).includes(value),
    to: (value) => value as T,
    rule: `must be one of ${values.join(', ')}`,
  };
}

/** RFC 6749, section 3.3: visible ASCII but the quotation mark and the backslash; here no comma either. */
const SCOPE = /^[!#-+\--[\]-~]+$/;
/** What is meant otherwise where it is not alone, or not in small letters. */
const NO_SCOPE = /^(?:on|off|true|false|authenticated)$/i;
/** More WunderGraph's composition does not take. */
const MAX_ALTERNATIVES = 16;

/** Scopes, all of which a caller needs, and alternatives to them: "a b, c". Or "authenticated", or "off". */
export const access: Rule<Access | undefined> = {
  accepts(value) {
    const alternatives = toAlternatives(value);
    const isScope = (each: string): boolean => SCOPE.test(each) && !NO_SCOPE.test(each);
    if (value === 'off' || value === 'authenticated') return true;
    return alternatives.length <= MAX_ALTERNATIVES && alternatives.flat().every(isScope);
  },
  to: (value) => (value === 'off' ? undefined : value === 'authenticated' ? value : toAlternatives(value)),
  rule: `must be off, authenticated or scopes, separated by blanks where all are needed and by commas where any will do, at most ${MAX_ALTERNATIVES}`,
};

/** Who may see costs, as a router decides it: whoever has logged in, or has all the scopes of one of these lists. */
export type Access = 'authenticated' | readonly (readonly string[])[];

function toAlternatives(value: string): string[][] {
  return value.split(',').map((scopes) => scopes.trim().split(/ +/));
}

export const host: Rule<string> = {
  accepts: (value) => /^[\w.:-]+$/.test(value),
  to: String,
  rule: 'must be an address or a host name',
};

export const path = {
  absolute: {
    accepts: (value) => /^\/(?!\/)[^\s?#]*$/.test(value),
    to: String,
    rule: 'must be a path that begins with one "/", without query or fragment',
  } satisfies Rule<string>,
  segment: {
    accepts: (value) => /^\w[\w.-]*$/.test(value),
    to: String,
    rule: 'must be letters, digits, dots and hyphens, a letter or digit first',
  } satisfies Rule<string>,
};

export const httpUrl: Rule<string> = {
  accepts(value) {
    if (!URL.canParse(value)) return false;
    const { protocol, username, password, search, hash } = new URL(value);
    return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
  },
  to: String,
  rule: 'must be an http or https URL without user, query or fragment',
};

/** The same with a query, as some publish keys under. */
export const urlWithQuery: Rule<string> = {
  accepts(value) {
    const isUrl = URL.canParse(value);
    return isUrl && httpUrl.accepts(Object.assign(new URL(value), { search: '' }).href);
  },
  to: String,
  rule: 'must be an http or https URL without user or fragment',
};

/** Texts separated by commas, each of which fits `pattern`; `what` says what they are. */
export function list(what: string, pattern: RegExp): Rule<readonly string[]> {
  return {
    accepts: (value) => toList(value).every((each) => pattern.test(each)),
    to: toList,
    rule: `must be ${what}, separated by commas`,
  };
}

/** Exactly as browsers write them, since they are compared as texts. */
export const origins: Rule<readonly string[]> = {
  accepts: (value) =>
    toList(value).every((each) => /^https?:[^*]+$/.test(each) && URL.canParse(each) && new URL(each).origin === each),
  to: toList,
  rule: 'must be origins as browsers send them, scheme://host or scheme://host:port in small letters, separated by commas',
};

function toList(value: string): string[] {
  return value.split(',').map((each) => each.trim());
}

export const redisUrl: Rule<string> = {
  accepts(value) {
    if (!URL.canParse(value)) return false;
    const { protocol, hostname, username, password, pathname } = new URL(value);
    const isEncoded = [username, password].every((part) => !/%(?![\da-f]{2})/i.test(part) && isDecodable(part));
    return /^rediss?:$/.test(protocol) && hostname !== '' && /^\/?\d*$/.test(pathname) && isEncoded;
  },
  to: String,
  rule: 'must be a redis:// or rediss:// URL; its path may be the number of a database',
};

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isWhole(min: number, max: number): (value: string) => boolean {
  return (value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max;
}
