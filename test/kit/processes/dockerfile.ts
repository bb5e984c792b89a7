// A Dockerfile without a Docker engine: parsed, and run in folders that stand for the file systems of its stages. It knows
// the instructions of this project's Dockerfile, and refuses others instead of skipping them.

import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';

interface Instruction {
  readonly name: string;
  readonly text: string;
}

interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** The state of a stage. */
export interface BuiltStage {
  /** The folder that stands for `/`. */
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The stages in order, without comments, with continued lines joined. */
export function parseDockerfile(text: string): Stage[] {
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  for (const line of lines.filter((each) => each.trim() !== '')) {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === '') throw new Error(`not an instruction: ${line}`);
    if (name === 'FROM') {
      const [base = '', , alias = ''] = rest.split(/\s+/);
      stages.push({ name: alias, base, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`${name} before FROM`);
      stage.instructions.push({ name, text: rest });
    }
  }
  return stages;
}

/** The words of an exec form. */
export function parseExec(text: string): string[] {
  const words: unknown = JSON.parse(text);
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string'))
    throw new Error(`no exec form: ${text}`);
  return words;
}

/** The build context: all files that .dockerignore does not exclude. Knows `*` and `!name`. */
export async function copyContext(from: string, to: string): Promise<void> {
  const rules = (await readFile(join(from, '.dockerignore'), 'utf8')).split('\n').filter((line) => /^[^#]/.test(line));
  const [first, ...kept] = rules;
  if (first !== '*' || !kept.every((rule) => /^![\w.-]+$/.test(rule)))
    throw new Error('.dockerignore is not * and !name');
  await mkdir(to, { recursive: true });
  for (const rule of kept) await cp(join(from, rule.slice(1)), join(to, rule.slice(1)), { recursive: true });
}

/**
 * Runs the steps of one stage in `root`, its `/`; existing files stand for the base image.
 * `outerEnv` is the environment of its commands besides ENV.
 */
export async function buildStage(
  stage: Stage,
  root: string,
  context: string,
  built: ReadonlyMap<string, BuiltStage>,
  outerEnv: Readonly<Record<string, string>>,
): Promise<BuiltStage> {
  const base = built.get(stage.base);
  let workdir = base?.workdir ?? '/';
  const env: Record<string, string> = { ...base?.env };
  await mkdir(root, { recursive: true });
  if (base !== undefined) await cp(base.root, root, { recursive: true, verbatimSymlinks: true });

  const steps: Record<string, (text: string) => Promise<unknown>> = {
    WORKDIR: (text) => {
      workdir = text;
      return mkdir(join(root, text), { recursive: true });
    },
    ENV: async (text) => {
      for (const [, key = '', value = ''] of text.matchAll(/(\w+)=(\S+)/g)) env[key] = value;
      return Promise.resolve();
    },
    COPY: (text) => {
      const [, from, paths = ''] = /^(?:--from=(\S+)\s+)?(.*)$/.exec(text) ?? [];
      const source = from === undefined ? context : built.get(from)?.root;
      if (source === undefined) throw new Error(`no stage ${from}`);
      return copy(source, join(root, workdir), paths.split(/\s+/));
    },
    RUN: (text) => run(text, root, join(root, workdir), { ...outerEnv, ...env }),
  };
  for (const { name, text } of stage.instructions) {
    if (name in steps) await steps[name]?.(text);
    else if (!['USER', 'EXPOSE', 'HEALTHCHECK', 'CMD', 'LABEL'].includes(name))
      throw new Error(`${name} is not known here`);
  }
  return { root, workdir, env };
}

/**
 * A shell command on this machine, whose `/` is not the stage's. So absolute paths are refused, except in a plain
 * `rm -rf`, which is applied below the stage's root.
 */
async function run(text: string, root: string, cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
  const [, removed] = /^rm -rf((?:\s+\/[\w.@/-]+\*?)+)$/.exec(text) ?? [];
  if (removed !== undefined) {
    for (const path of removed.trim().split(/\s+/)) await remove(root, path);
    return;
  }
  if (/(?<![\w.:/@-])\/|\.\.|~|\$/.test(text)) throw new Error(`RUN with a path of this machine: ${text}`);
  await promisify(execFile)('sh', ['-c', text], { cwd, env });
}

/** Removes `path` below `root`; a final star matches any rest. */
async function remove(root: string, path: string): Promise<void> {
  if (normalize(path) !== path || path === '/') throw new Error(`rm of ${path}`);
  const target = join(root, path);
  if (!path.endsWith('*')) return rm(target, { recursive: true, force: true });
  const [beginning, folder] = [basename(path).slice(0, -1), dirname(target)];
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(beginning))) {
    await rm(join(folder, name), { recursive: true });
  }
}

/** Like COPY: of a folder its content, of a file the file; the last path is the target. */
async function copy(source: string, workdir: string, paths: readonly string[]): Promise<void> {
  const to = paths.at(-1) ?? '';
  for (const path of paths.slice(0, -1)) {
    const target = to.endsWith('/') ? join(workdir, to, basename(path)) : join(workdir, to);
    await cp(join(source, path), target, { recursive: true, verbatimSymlinks: true });
  }
}

/** The files below a folder, as relative paths, in order. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
}
