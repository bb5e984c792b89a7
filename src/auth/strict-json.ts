// Parses a JSON file of the configuration, and refuses repeated keys, of which JSON.parse silently takes the last: a merge
// conflict could change permissions.

/** Undefined, with a problem, unless the text is a JSON object. */
export function parseJsonFile(text: string, problems: string[]): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (isObject(json)) {
      if (hasRepeatedKey(text)) problems.push('has a key twice in one object.');
      return json;
    }
  } catch {
    // It is no JSON object either.
  }
  problems.push('must hold a JSON object.');
  return undefined;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Tokens of valid JSON: braces, and strings, with a colon after a key. */
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
