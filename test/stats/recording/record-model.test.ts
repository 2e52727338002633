import { fc } from '../../fast-check.js'
import { expect, test, vi } from 'vitest'
import * as thisCopy from '../../../src/index.js'
import { amount, figure, seed } from '../../faults/amount.js'
import { VIEWS } from './model-views.js'
import { type Copy, ProgramRunner } from './program-runner.js'
import { printed, programs } from './record-program.js'

const PROGRAMS = amount(10_000, 1_000_000)

test('every way to record a value with the same tags changes the same row as in a naive model', {
  timeout: 120_000 + PROGRAMS * 50,
}, async () => {
  vi.resetModules()
  const copy: Copy = await import('../../../src/index.js')
  expect(copy.TagMap).not.toBe(thisCopy.TagMap)
  const property = fc.asyncProperty(programs(VIEWS.map(({ measure }) => measure)), (program) =>
    new ProgramRunner(copy, program.hasLabels).run(program),
  )
  const result = await fc.check(property, { numRuns: PROGRAMS, seed: seed() })
  if (result.failed) {
    const [program] = result.counterexample!
    expect.fail(`${String(result.errorInstance)}\nprogram (seed ${result.seed}, path ${result.counterexamplePath}):\n${printed(program)}`)
  }
  figure('every way to record beside a naive model', `${PROGRAMS.toLocaleString('en')} programs: 0 differences`)
})
