// fast-check with a seed: a daily run has the same inputs each day, so that a test fails because of what was changed. A long run, which
// `npm run test:long` starts, has new ones.
import fc from 'fast-check'
import { isLongRun, seed } from './faults/amount.js'

if (!isLongRun || process.env.TALLYSCOPE_SEED !== undefined) fc.configureGlobal({ seed: seed() })

export { fc }
