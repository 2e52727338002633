import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Stats } from '../../src/stats/stats.js'
import { sum } from '../../src/stats/views/aggregation.js'
import type { TallyscopeOptions } from '../../src/setup/tallyscope-options.js'
import { createTallyscope } from '../../src/setup/tallyscope.js'
import { valuesOf, writeReceiver } from '../exporters/prometheus/remote-write/strict-receiver.js'
import { UdpReceiver } from '../exporters/statsd/udp-receiver.js'

let receiver: UdpReceiver
beforeEach(async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  receiver = await UdpReceiver.open()
})
afterEach(async () => {
  await receiver.close()
  vi.restoreAllMocks()
})

/** Records one value, with metrics configured to go to this exporter, and shuts down. */
async function run(exporter: string | Readonly<Record<string, object>>, env: Record<string, string> = {}): Promise<void> {
  const metrics = { exporters: [exporter], intervalMs: 60_000 }
  const scope = createTallyscope({ env, stats: new Stats(), metrics: metrics as TallyscopeOptions['metrics'] & object, prometheus: false })
  await scope.start()
  const bytes = scope.stats.measure('bytes', { tagKeys: ['route'] })
  scope.stats.viewManager.registerView({ name: 'bytes', measure: bytes, tagKeys: ['route'], aggregation: sum() })
  scope.stats.record(bytes, 7, { route: '/a' })
  await scope.shutdown()
}

const ownLines = async () => (await receiver.lines()).filter((line) => line.startsWith('bytes'))

test('statsd by a string has no tags unless told', async () => {
  await run(`statsd(host=127.0.0.1, port=${receiver.port})`)
  expect(await ownLines()).toEqual(['bytes._a:7|c'])
})

test('dogstatsd takes address and tags from the variables of Datadog', async () => {
  await run('dogstatsd', { DD_AGENT_HOST: '127.0.0.1', DD_DOGSTATSD_PORT: String(receiver.port), DD_ENV: 'prod', DD_TAGS: 'team:a' })
  expect(await ownLines()).toEqual(['bytes:7|c|#team:a,env:prod,route:/a'])
})

test('an address that is given replaces that of the variables as a whole', async () => {
  await run({ dogstatsd: { port: receiver.port, tags: { env: 'own' } } }, { DD_DOGSTATSD_URL: 'unixstream:///nowhere', DD_ENV: 'prod' })
  expect(await ownLines()).toEqual(['bytes:7|c|#env:own,route:/a'])
})

test('remotewrite writes to its url', async () => {
  const target = await writeReceiver()
  await run({ remotewrite: { url: `${target.url}/api/v1/write`, job: 'shop', staleOnShutdown: false } })
  expect(target.faults).toEqual([])
  expect(valuesOf(target)['bytes_total{route="/a"}']).toBe(7)
})
