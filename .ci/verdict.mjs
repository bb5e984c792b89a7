// Summarises Vitest's JSON report in one line. Skipped and todo tests count as failures.

import { readFileSync } from 'node:fs';

const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numTotalTests, success, testResults } =
  JSON.parse(readFileSync(process.argv[2], 'utf8'));

const skipped = testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status }) => status !== 'passed' && status !== 'failed');
for (const { fullName, status } of skipped) console.log(`${status}: ${fullName}`);
// A file that cannot be loaded fails without a failed test.
const broken = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
);
const skippedText = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
console.log(`${numPassedTests} passed, ${numFailedTests + broken.length} failed${skippedText}`);
const isAll = numPassedTests === numTotalTests && numPendingTests === 0 && numTodoTests === 0;
process.exitCode = success && isAll && numTotalTests > 0 ? 0 : 1;
