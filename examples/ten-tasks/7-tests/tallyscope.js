// Tests of code that counts its calls and takes their time, each from zero, without waiting.
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { count, distribution, stats } from 'tallyscope'
import { dataOf, ManualClock, resetStats, useClock, valueOf } from 'tallyscope/testing'

const latency = stats.measure('svc/latency', { unit: 's', tagKeys: ['op'] })
const calls = stats.registerView({ name: 'svc/calls', measure: latency, tagKeys: ['op'], aggregation: count() })
const times = stats.registerView({ name: 'svc/latency', measure: latency, tagKeys: ['op'], aggregation: distribution([0.1, 1]) })
const load = (work = async () => {}) => stats.time(latency, { op: 'load' }, work)

afterEach(() => resetStats())

test('a call is counted', async () => {
  await load()
  assert.equal(valueOf(calls, { op: 'load' }), 1)
})

test('its time is recorded, and nothing of the test before', async () => {
  const clock = new ManualClock()
  const restore = useClock(clock)
  await load(async () => clock.advance(500))
  restore()
  assert.equal(dataOf(times, { op: 'load' })?.sum, 0.5)
})
