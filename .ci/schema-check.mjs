// Contracts do not break: compares schema/gateway.graphql of the working tree with that of the last release, and fails on
// a breaking change that schema/breaking-changes.yaml does not declare, and on a declaration that nothing needs any more.
// The last release is the newest tag v1.2.3 among the ancestors of HEAD; where there is none, main. Run it anywhere in
// the repository.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

import { findChanges, Refusal } from './schema-changes.mjs';

const SCHEMA = 'schema/gateway.graphql';
const DECLARATIONS = 'schema/breaking-changes.yaml';

function git(...args) {
  try {
    return execFileSync('git', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 2 ** 26,
    }).trim();
  } catch ({ stderr, message }) {
    throw new Refusal(`git ${args[0]} failed: ${stderr?.trim() || message}`);
  }
}

/** The last release, by the full name of its ref: a tag that is called main is not taken for the branch. */
function findBase() {
  const [tag] = git('tag', '--merged', 'HEAD', '--sort=-version:refname')
    .split('\n')
    // A prerelease promises nothing.
    .filter((name) => /^v\d+(\.\d+)*$/.test(name));
  if (tag !== undefined) return { ref: `refs/tags/${tag}`, name: tag };
  if (git('rev-parse', '--is-shallow-repository') === 'true') {
    console.log('This clone is shallow: a release may be missing. `git fetch --tags --unshallow` brings it.');
  }
  const [ref] = git('for-each-ref', '--format=%(refname)', 'refs/heads/main', 'refs/remotes/origin/main').split('\n');
  if (ref !== '') return { ref, name: ref.replace(/^refs\/(heads|remotes)\//, '') };
  throw new Refusal(
    'There is nothing to compare with: neither a release (a tag such as v1.2.3 before HEAD) nor a branch main or ' +
      'origin/main. `git fetch --tags origin main:refs/remotes/origin/main` brings both.',
  );
}

/** Undefined where there is no such file. */
function readAt(ref, path) {
  return git('ls-tree', '--name-only', ref, path) === '' ? undefined : git('show', `${ref}:${path}`);
}

const readHere = (path) => (existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined);

/** What the file declares, each `{ change, since, reason }`. */
function parseDeclarations(text) {
  let list;
  try {
    list = parse(text) ?? [];
  } catch ({ message }) {
    throw new Refusal(`${DECLARATIONS} is not valid YAML: ${message}`);
  }
  const isText = (value) => typeof value === 'string' && value.trim() !== '';
  const isEntry = (entry) => [entry?.change, entry?.since, entry?.reason].every(isText);
  if (Array.isArray(list) && list.every(isEntry)) return list;
  throw new Refusal(`${DECLARATIONS} has to be a list of entries with the texts change, since and reason.`);
}

/** The release's own commit has the declarations that it was made with: the next one takes them out. */
const isRelease = (base, declarations) =>
  git('rev-parse', 'HEAD') === git('rev-parse', `${base.ref}^{commit}`) &&
  declarations === readAt(base.ref, DECLARATIONS);

/** Prints what it finds, and tells whether the contract holds. */
async function check() {
  process.chdir(git('rev-parse', '--show-toplevel'));
  const base = findBase();
  const [before, after] = [readAt(base.ref, SCHEMA), readHere(SCHEMA)];
  if (after === undefined) throw new Refusal(`There is no ${SCHEMA}: \`npm run schema\` writes it.`);
  const [from, to] = [
    { name: `${SCHEMA} of ${base.name}`, sdl: before },
    { name: SCHEMA, sdl: after },
  ];
  const changes = before === undefined ? [] : await findChanges(from, to);

  const declarationText = readHere(DECLARATIONS) ?? '';
  const declarations = parseDeclarations(declarationText);
  const find = (change) => declarations.find((declaration) => declaration.change === change);
  const of = (level) => changes.filter((change) => change.level === level).map(({ change }) => change);
  const declared = of('breaking').filter(find);
  const undeclared = of('breaking').filter((change) => !find(change));
  const unused = declarations.filter(({ change }) => !declared.includes(change)).map(({ change }) => change);
  const stale = unused.length > 0 && isRelease(base, declarationText) ? [] : unused;

  console.log(`${SCHEMA} against ${base.name}${before === undefined ? ', which has none: all of it is new' : ''}`);
  print('Breaking and not declared', undeclared);
  const explain = (change) => `${change} (since ${find(change).since}: ${find(change).reason})`;
  print('Breaking and declared', declared.map(explain));
  print('Dangerous', of('dangerous'));
  print(`Declared, and no change since ${base.name}`, stale);
  console.log(`Safe changes: ${of('safe').length}`);
  if (undeclared.length > 0) console.log(`\n${adviceOn(undeclared)}`);
  if (stale.length > 0) console.log(`\nTake out of ${DECLARATIONS} what is no change any more.`);
  return undeclared.length === 0 && stale.length === 0;
}

function print(title, lines) {
  if (lines.length > 0) console.log(`${title}: ${lines.length}\n${lines.map((line) => `  - ${line}`).join('\n')}`);
}

function adviceOn(undeclared) {
  const entries = undeclared.map((change) => ({ change, since: '', reason: '' }));
  return `Clients or the supergraph would break. Keep what was there, and mark it @deprecated; or, if it has to be, declare
it in ${DECLARATIONS}, with the version that it comes with and the reason:

${stringify(entries, { lineWidth: 0 }).trim()}`;
}

try {
  process.exitCode = (await check()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
