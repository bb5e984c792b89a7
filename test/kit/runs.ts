// How much of the tests that draw their inputs is run: a part with each push, all of it by `npm run test:nightly`.

export const isNightly = process.env.TEST_NIGHTLY === '1';

/** The runs of a property test: a third with each push. */
export function propertyRuns(all: number): number {
  return isNightly ? all : Math.ceil(all / 3);
}
