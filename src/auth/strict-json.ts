// Parses a JSON file that an operator wrote, and refuses repeated keys: JSON.parse silently takes the last one, so that the
// remains of a merge could decide who sees what.

/** The object in a JSON text; undefined, with a problem, if it is none. */
export function parseJsonFile(text: string, problems: string[]): Readonly<Record<string, unknown>> | undefined {
  const json = parse(text);
  if (!isObject(json)) {
    problems.push('must hold a JSON object.');
    return undefined;
  }
  if (hasRepeatedKey(text)) problems.push('has a key twice in one object.');
  return json;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** In a text that is JSON: braces, and strings with the colon that makes one a key. */
const TOKEN = /[{}]|("(?:[^"\\]|\\.)*")(\s*:)?/g;

function hasRepeatedKey(text: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, string, colon] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (string !== undefined && colon !== undefined) {
      const keys = open.at(-1);
      // Different escapes may spell the same key.
      const key = JSON.parse(string) as string;
      if (keys?.has(key) === true) return true;
      keys?.add(key);
    }
  }
  return false;
}
