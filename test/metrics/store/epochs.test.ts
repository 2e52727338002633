import { expect, test } from 'vitest'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

/** A log of so many epochs, each as long as given. */
function logOf(epochs: number, lengthMs: number): EpochLog {
  const clock = new ManualClock()
  const log = new EpochLog(clock)
  for (let epoch = 0; epoch < epochs; epoch++) {
    clock.advance(lengthMs)
    log.advance()
  }
  return log
}

test('a row of the current epoch is not idle, one of an earlier epoch is idle since its end', () => {
  const log = logOf(10, 1_000)
  expect(log.current).toBe(11)
  expect([11, 10, 9, 1].map((lastEpoch) => log.idleMs(lastEpoch))).toEqual([0, 0, 1_000, 9_000])
})

test('a removal is a change without a new epoch, a gathering is both', () => {
  const log = logOf(0, 0)
  log.countChange()
  expect([log.changes, log.current]).toEqual([1, 1])
  log.advance()
  expect([log.changes, log.current]).toEqual([2, 2])
})

test('the epoch stays within an Int32, as the lastEpoch of rows does', () => {
  const log = logOf(0, 0)
  log.current = 2 ** 31 - 2
  log.advance()
  log.advance()
  const lastEpochs = Int32Array.of(log.current)
  expect([log.current, lastEpochs[0], log.idleMs(lastEpochs[0]!), log.changes]).toEqual([2 ** 31 - 1, 2 ** 31 - 1, 0, 2])
})

test.each([1_000, 100_000, 2_000_000])('after %i epochs idle times are never overstated, and exact to a twentieth', (epochs) => {
  const log = logOf(epochs, 10)
  const wrong: object[] = []
  for (let lastEpoch = 1; lastEpoch < epochs; lastEpoch += Math.ceil(epochs / 5_000)) {
    const trueMs = (epochs - lastEpoch) * 10
    const idleMs = log.idleMs(lastEpoch)
    if (idleMs > trueMs || idleMs < trueMs * 0.95) wrong.push({ lastEpoch, trueMs, idleMs })
  }
  expect(wrong).toEqual([])
})

test('idle times of the newest 1,024 epochs are exact, and coarser ones are hardly understated', () => {
  const epochs = 40_000
  const log = logOf(epochs, 10)
  const wrong: object[] = []
  for (let lastEpoch = 1; lastEpoch <= epochs; lastEpoch++) {
    const trueMs = (epochs - lastEpoch) * 10
    const idleMs = log.idleMs(lastEpoch)
    const leastMs = epochs - lastEpoch < 1_024 ? trueMs : trueMs * 0.95
    if (idleMs > trueMs || idleMs < leastMs) wrong.push({ lastEpoch, trueMs, idleMs })
  }
  expect(wrong).toEqual([])
})

test('a row idle for longer than the history is idle since its oldest end', () => {
  const clock = new ManualClock()
  const log = new EpochLog(clock)
  for (let end = 1; end <= 1_100; end++) {
    log.current = end * 32_768 // only each of these is kept for so long
    clock.advance(1_000)
    log.advance()
  }
  expect([1, 32_768, 77 * 32_768, 78 * 32_768].map((lastEpoch) => log.idleMs(lastEpoch))).toEqual([
    1_023_000, 1_023_000, 1_023_000, 1_022_000,
  ])
})
