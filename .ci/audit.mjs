// Fails on known vulnerabilities of high or critical severity in production dependencies. A registry without advisories
// is reported and is no failure: builds behind a mirror must work. Arguments go to npm.

import { spawnSync } from 'node:child_process';

const args = ['audit', '--omit=dev', '--audit-level=high', '--json', ...process.argv.slice(2)];
const { stdout, stderr, error } = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
if (error) throw error;

const report = parse(stdout);
const counts = report?.metadata?.vulnerabilities;
if (counts === undefined) {
  // npm's own message would name the registry.
  const reason = report?.statusCode ?? report?.error?.code ?? /npm error code (\w+)/.exec(stderr)?.[1] ?? 'no answer';
  console.log(`audit: NOT DONE: the registry could not be asked for advisories (${reason})`);
} else {
  const severe = Object.values(report.vulnerabilities).filter(({ severity }) => /^(?:high|critical)$/.test(severity));
  for (const { name, severity, range, via } of severe) {
    const advisories = via.filter((each) => typeof each === 'object').map(({ title, url }) => `${title} ${url}`);
    console.log(`${severity}: ${name} ${range}: ${advisories.join('; ') || `through ${via.join(', ')}`}`);
  }
  const rest = counts.total - severe.length;
  console.log(`audit: ${severe.length} high or critical, ${rest} less severe`);
  process.exitCode = severe.length > 0 ? 1 : 0;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
