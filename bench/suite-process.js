// @ts-check
// Runs one suite and sends each comparison to the parent as soon as it is complete.
import { Bench } from './harness.js'
import { SUITES } from './suites.js'

const [name, mode, only] = process.argv.slice(2)
const suite = SUITES.find((each) => each.name === name)
if (suite === undefined) throw new Error(`no suite is called ${name}`)
const { run } = await suite.load()
const bench = new Bench({
  suite: suite.name,
  mode: /** @type {import('./harness.js').Mode} */ (mode),
  only: only ?? '',
  report: (comparison) => process.send?.({ comparison }),
})
await run(bench)
process.disconnect?.() // contenders may leave timers and servers behind
process.exit()
