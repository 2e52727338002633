// How vitest runs the tests for scripts/mutants.js.
import base from '../../vitest.config.js'

const folders = (process.env.TALLYSCOPE_MUTANT_TESTS ?? 'test').split(' ')

export default {
  oxc: base.oxc,
  resolve: base.resolve,
  test: {
    include: folders.map((folder) => `${folder}/**/*.test.ts`),
    exclude: ['test/**/*-process.test.ts', 'test/**/*-under-load.test.ts', 'test/**/*-memory.test.ts'],
    setupFiles: ['scripts/mutants/fixed-seed.js'],
    testTimeout: 120_000, // instrumented code is several times slower
  },
}
