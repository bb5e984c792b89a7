// Prints the page of all settings, src/config/SETTINGS.md, from the tables that `--help` prints. The argument is the folder
// of compiled files.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const MAX_LINE = 120;
const [folder = 'dist'] = process.argv.slice(2);
const { SETTING_GROUPS } = await import(pathToFileURL(resolve(folder, 'config/settings/settings.js')).href);
const sections = Object.entries(SETTING_GROUPS).flatMap(([title, settings]) => [
  `## ${title}`,
  ...Object.entries(settings).map(toEntry),
]);
const head = [
  '# Settings',
  'Environment variables of the gateway. `npm run settings` prints this page; `node dist/main.js --help` shows the same.',
];
console.log([...head, ...sections].join('\n\n'));

function toEntry([name, setting]) {
  const { default: value, rule, description } = setting;
  return [
    `### ${name}`,
    wrap(quoteNames(description)),
    [`- Default: ${value === undefined ? 'none' : `\`${value}\``}`, wrap(`- It ${rule}`, '  ')].join('\n'),
  ].join('\n\n');
}

/** Names of settings as code, where they are not yet. */
function quoteNames(text) {
  return text.replaceAll(/(?<!`)\b(?:SCALEOPS|CACHE|GATEWAY|OTEL|LOG)_[A-Z_]+\b/g, '`$&`');
}

function wrap(text, indent = '') {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) === '' ? word : `${lines.at(-1)} ${word}`;
    if (line.length <= MAX_LINE) lines[lines.length - 1] = line;
    else lines.push(indent + word);
  }
  return lines.join('\n');
}
