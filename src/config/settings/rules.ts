// The syntax of settings: which texts are valid, and how they are parsed.

import { isIP } from 'node:net';

import { isToken } from '../../upstream/principal.js';

/** The syntax of one kind of setting. */
export interface Rule<T> {
  readonly accepts: (text: string) => boolean;
  readonly parse: (text: string) => T;
  /** Follows the name of the setting in a problem; never repeats the value. */
  readonly rule: string;
}

type WithDefault<T> = Rule<T> & { readonly default: string };

/** One environment variable. */
export interface Setting<T> extends Rule<T> {
  /** The text in effect when the variable is not set; undefined: there is no default. */
  readonly default?: string;
  /** Whether leading and trailing white space belongs to the value. */
  readonly keepWhitespace?: true;
  /** Whether the gateway does not start without it. */
  readonly required?: true;
  /** Whether the README describes it too; most installations leave the others alone. */
  readonly common?: true;
  /** Whether it is or may contain a secret, which is never printed. */
  readonly secret?: true;
  readonly description: string;
}

export const text = stringThat(() => true, 'must be text');
export const token = stringThat(isToken, 'must be visible ASCII characters without spaces');

export function boolean(initial: 'on' | 'off'): WithDefault<boolean> {
  return {
    accepts: (value) => value === 'on' || value === 'off',
    parse: (value) => value === 'on',
    rule: 'must be on or off',
    default: initial,
  };
}

/** A whole number. */
export function number({ min, max, default: initial }: Record<'min' | 'max' | 'default', number>): WithDefault<number> {
  return {
    accepts: (value) => isWhole(value, min, max),
    parse: Number,
    rule: `must be a whole number from ${min} to ${max}`,
    default: String(initial),
  };
}

interface LimitOptions {
  readonly max: number;
  readonly default: number | 'off' | 'auto';
}

/** A whole number from 1, or a keyword, which is parsed to undefined. */
export function limit({ max, default: initial }: LimitOptions): WithDefault<number | undefined> {
  const keyword = initial === 'auto' ? 'auto' : 'off';
  return {
    accepts: (value) => value === keyword || isWhole(value, 1, max),
    parse: (value) => (value === keyword ? undefined : Number(value)),
    rule: `must be ${keyword} or a whole number from 1 to ${max}`,
    default: String(initial),
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): Rule<T> {
  return {
    accepts: (value) => (values as readonly string[]).includes(value),
    parse: (value) => value as T,
    rule: `must be one of ${values.join(', ')}`,
  };
}

/** RFC 6749, section 3.3: visible ASCII except quotation mark and backslash; here also except the comma. */
const SCOPE = /^[!#-+\--[\]-~]+$/;
/** Refused as scopes: probably a misspelt keyword. */
const NOT_A_SCOPE = /^(?:on|off|true|false|authenticated)$/i;
/** The maximum of WunderGraph's composition. */
const MAX_ALTERNATIVES = 16;

/** Alternative lists of scopes, "a b, c": a caller needs all scopes of one list. Or "authenticated", or "off". */
export const access: Rule<Access | undefined> = {
  accepts(value) {
    if (value === 'off' || value === 'authenticated') return true;
    const alternatives = parseAlternatives(value);
    const isScope = (word: string): boolean => SCOPE.test(word) && !NOT_A_SCOPE.test(word);
    return alternatives.length <= MAX_ALTERNATIVES && alternatives.flat().every(isScope);
  },
  parse: (value) => (value === 'off' ? undefined : value === 'authenticated' ? value : parseAlternatives(value)),
  rule: `must be off, authenticated or scopes: separated by blanks if all are needed, by commas if any of them is enough, at most ${MAX_ALTERNATIVES}`,
};

/** The access rule that routers enforce: authenticated callers, or those with all scopes of one of these lists. */
type Access = 'authenticated' | readonly (readonly string[])[];

function parseAlternatives(value: string): string[][] {
  return value.split(',').map((scopes) => scopes.trim().split(/ +/));
}

export const host = stringThat(
  (value) => isIP(value) > 0 || /^(?:[\w-]+\.)*[\w-]*[a-z_][\w-]*\.?$/i.test(value),
  'must be an address or a host name; PORT sets the port',
);

export const path = {
  absolute: stringThat(
    (value) => /^\/(?!\/)[^\s?#]*$/.test(value),
    'must be a path that begins with one "/", without query or fragment',
  ),
  segment: stringThat(
    (value) => /^\w[\w.-]*$/.test(value),
    'must be letters, digits, dots and hyphens, a letter or digit first',
  ),
};

export const httpUrl = stringThat((value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
}, 'must be an http or https URL without user, query or fragment');

/** As `httpUrl`, and may have a query: some issuers publish their keys at such a URL. */
export const urlWithQuery = stringThat(
  (value) => URL.canParse(value) && httpUrl.accepts(Object.assign(new URL(value), { search: '' }).href),
  'must be an http or https URL without user or fragment',
);

/** Values separated by commas; `itemNames` names them in problems. */
export function list(itemNames: string, isItem: (item: string) => boolean): Rule<readonly string[]> {
  return {
    accepts: (value) => splitList(value).every(isItem),
    parse: splitList,
    rule: `must be ${itemNames}, separated by commas`,
  };
}

/** Exactly as browsers send them, because they are compared as strings. */
export const origins = list(
  'origins as browsers send them, scheme://host or scheme://host:port in lower case',
  (item) => /^https?:[^*]+$/.test(item) && URL.canParse(item) && new URL(item).origin === item,
);

function splitList(value: string): string[] {
  return value.split(',').map((item) => item.trim());
}

export const redisUrl = stringThat((value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, pathname } = new URL(value);
  const isEncoded = [username, password].every((part) => !/%(?![\da-f]{2})/i.test(part) && isDecodable(part));
  return /^rediss?:$/.test(protocol) && hostname !== '' && /^\/?\d*$/.test(pathname) && isEncoded;
}, 'must be a redis:// or rediss:// URL; its path may be a database number');

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A string that is not parsed. */
function stringThat(accepts: (value: string) => boolean, rule: string): Rule<string> {
  return { accepts, parse: String, rule };
}

function isWhole(value: string, min: number, max: number): boolean {
  return /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max;
}
