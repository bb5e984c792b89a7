// A frontend in a separate folder: types that GraphQL Code Generator generates from the schema, and files that
// TypeScript compiles against them.

import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typedDocumentNode from '@graphql-codegen/typed-document-node';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import { parse } from 'graphql';
import ts from 'typescript';
import { parse as parseYaml } from 'yaml';

import { ROOT } from '../../processes/process.js';

/** The settings of the generator, without the paths. */
interface CodegenSettings {
  readonly plugins: string[];
  readonly config: Record<string, unknown>;
}

export interface Frontend {
  /** TypeScript's errors per file as `line: message`. */
  readonly diagnostics: ReadonlyMap<string, readonly string[]>;
  /** Imports a compiled file, by its name without an extension. */
  load(name: string): Promise<any>;
  remove(): void;
}

/** The settings of the only output of a codegen.yml. */
export function readCodegenSettings(yaml: string): CodegenSettings {
  const { generates } = parseYaml(yaml) as { generates: Record<string, CodegenSettings> };
  return Object.values(generates)[0]!;
}

/** The types and typed documents, as TypeScript. */
export function generateTypes(sdl: string, documents: string, settings = readOwnSettings()): Promise<string> {
  return codegen({
    filename: 'generated.ts',
    schema: parse(sdl),
    documents: [{ document: parse(documents) }],
    config: settings.config,
    plugins: settings.plugins.map((name) => ({ [name]: {} })),
    pluginMap: { 'typed-document-node': typedDocumentNode, 'typescript-operations': typescriptOperations },
  });
}

export function readOwnSettings(): CodegenSettings {
  return readCodegenSettings(readFileSync(join(ROOT, 'test/kit/clients/typed-client/codegen.yml'), 'utf8'));
}

/** Compiles the files, by their names, as modules for Node. */
export function compileFrontend(files: Readonly<Record<string, string>>): Frontend {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-client-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const diagnostics = compile(
    folder,
    Object.keys(files).map((file) => join(folder, file)),
  );
  return {
    diagnostics,
    load: (name) => import(pathToFileURL(join(folder, `dist/${name}.js`)).href),
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

function compile(folder: string, files: readonly string[]): Frontend['diagnostics'] {
  const program = ts.createProgram(files, {
    strict: true,
    verbatimModuleSyntax: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
    outDir: join(folder, 'dist'),
    skipLibCheck: true,
  });
  const diagnostics = new Map<string, string[]>();
  for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(program)) {
    const name = file === undefined ? 'options' : basename(file.fileName);
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    diagnostics.set(name, [...(diagnostics.get(name) ?? []), `${line}: ${text}`]);
  }
  program.emit();
  return diagnostics;
}
