// Each push runs the same random cases, so only its own changes can fail. Nightly and longer runs try new ones; a
// failed run prints its seed.

import fc from 'fast-check';

import { isNightly } from './runs.js';

if (!isNightly && process.env.FUZZ_RUNS === undefined) fc.configureGlobal({ seed: 1 });
