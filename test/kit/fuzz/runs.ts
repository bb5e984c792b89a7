// The number of runs of randomized tests: a part for each push, all of them with `npm run test:nightly`.

export const isNightly = process.env.TEST_NIGHTLY === '1';

/** The runs of a property test: a third with each push. */
export function propertyRuns(all: number): number {
  return isNightly ? all : Math.ceil(all / 3);
}
