// Known holes of high or critical severity in what runs in production: none, or this fails. Where the registry gives no
// advisories, that is said and is no failure: else nobody could build behind a mirror without them. Arguments go to npm.

import { spawnSync } from 'node:child_process';

const args = ['audit', '--omit=dev', '--audit-level=high', '--json', ...process.argv.slice(2)];
const { stdout, stderr, error } = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
if (error) throw error;

const report = parse(stdout);
const counts = report?.metadata?.vulnerabilities;
if (counts === undefined) {
  // Not npm's own words, which name the registry.
  const why = report?.statusCode ?? report?.error?.code ?? /npm error code (\w+)/.exec(stderr)?.[1] ?? 'no answer';
  console.log(`audit: NOT DONE: the registry could not be asked for advisories (${why})`);
} else {
  const grave = Object.values(report.vulnerabilities).filter(({ severity }) => /^(?:high|critical)$/.test(severity));
  for (const { name, severity, range, via } of grave) {
    const advisories = via.filter((each) => typeof each === 'object').map(({ title, url }) => `${title} ${url}`);
    console.log(`${severity}: ${name} ${range}: ${advisories.join('; ') || `through ${via.join(', ')}`}`);
  }
  const rest = counts.total - grave.length;
  console.log(`audit: ${grave.length} high or critical, ${rest} less severe`);
  process.exitCode = grave.length > 0 ? 1 : 0;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
