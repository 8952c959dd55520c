/** What mocha does before the tests of every file, in each process that runs some. */
export const mochaHooks = {
  /** Mocha would let a test pass whose background promise rejects, and forgets the listener after each file. */
  beforeAll(): void {
    process.off('unhandledRejection', rethrow);
    process.on('unhandledRejection', rethrow);
  },
};

function rethrow(reason: unknown): never {
  throw reason;
}
