// Tests of code that counts its calls and takes their time, each from zero, without waiting.
import assert from 'node:assert/strict'
import { afterEach, mock, test } from 'node:test'
import { Counter, Histogram, register } from 'prom-client'

const calls = new Counter({ name: 'svc_calls_total', help: 'Calls', labelNames: ['op'] })
const times = new Histogram({ name: 'svc_latency_seconds', help: 'Time', labelNames: ['op'], buckets: [0.1, 1] })
const load = async (work = async () => {}) => {
  const end = times.startTimer({ op: 'load' })
  await work()
  end()
  calls.inc({ op: 'load' })
}

afterEach(() => register.resetMetrics())

test('a call is counted', async () => {
  await load()
  const { values } = await calls.get()
  assert.equal(values.find(({ labels }) => labels.op === 'load')?.value, 1)
})

test('its time is recorded, and nothing of the test before', async () => {
  const hrtime = mock.method(process, 'hrtime', () => [0, 5e8])
  await load()
  hrtime.mock.restore()
  const { values } = await times.get()
  assert.equal(values.find(({ metricName }) => metricName === 'svc_latency_seconds_sum')?.value, 0.5)
})
