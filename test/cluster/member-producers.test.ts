import { expect, test } from 'vitest'
import { Member } from '../../src/cluster/member.js'
import { memoryChannels } from '../../src/cluster/net/memory-channel.js'
import { newId } from '../../src/cluster/net/new-id.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { getOrInsert } from '../../src/base/get-or-insert.js'
import type { MetricProducer } from '../../src/metrics/data/producer.js'
import type { RowChunk, RowSource } from '../../src/metrics/data/row-source.js'
import { snapshotsOf } from '../../src/metrics/data/snapshot.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { dataWith, keeperWith, turns } from './one-keeper.js'

// Producers of the application in a member: those that fail, hang or have snapshots alone.

async function memberWith(make: (clock: ManualClock) => MetricProducer[]) {
  const clock = new ManualClock()
  const data = dataWith(clock)
  const id = newId()
  const keeper = keeperWith(data, { id })
  const member = new Member(id, data, make(clock), true)
  const [own, theirs] = memoryChannels()
  keeper.accept(theirs)
  void member.join(own)
  await turns()
  const totals = () =>
    snapshotsOf(keeper.families(), 0).map(({ descriptor, timeSeries }) => `${descriptor.name} ${timeSeries[0]!.points[0]!.value}`)
  return { clock, keeper, member, totals }
}

function registryWith(clock: ManualClock) {
  const registry = new MetricRegistry({ clock })
  return { registry, hits: registry.counter('hits') }
}

function snapshot(value: number): Metric[] {
  const descriptor = { name: 'jobs', description: '', unit: '1', type: 'CUMULATIVE_DOUBLE', labelKeys: [] } as const
  return [{ descriptor, timeSeries: [{ labelValues: [], points: [{ timeUnixMs: 0, value }] }] }]
}

const INVALID: Record<string, MetricProducer> = {
  'no metric': { name: 'no metric', getMetrics: () => [null] as unknown as Metric[] },
  'no descriptor': { name: 'no descriptor', getMetrics: () => [{ timeSeries: [] }] as unknown as Metric[] },
  'no list': { name: 'no list', getMetrics: () => Promise.resolve() as unknown as Promise<Metric[]> },
  'a value that throws': {
    name: 'a value that throws',
    getMetrics: () => {
      const points = new Proxy([], {
        get: () => {
          throw new Error('no value')
        },
      })
      return [{ ...snapshot(1)[0]!, timeSeries: [{ labelValues: [], points }] }]
    },
  },
}

/** The row sources of a producer, which throw while `isFaulty`, or whose chunks have a method that does. */
function throwingIn(producer: MetricProducer, method: keyof RowChunk | keyof RowSource, isFaulty: () => boolean): MetricProducer {
  const chunkOf = (chunk: RowChunk): RowChunk =>
    new Proxy(chunk, {
      get(target, key) {
        if (key === method && isFaulty()) throw new Error('no row')
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  const sources = new Map<unknown, RowSource>()
  const sourceOf = (source: RowSource): RowSource => {
    const chunks = new Map<RowChunk, RowChunk>()
    return new Proxy(source, {
      get(target, key) {
        if (key === method && isFaulty()) throw new Error('no source')
        if (key === 'chunks') return target.chunks.map((chunk) => getOrInsert(chunks, chunk, () => chunkOf(chunk)))
        return Reflect.get(target, key) as unknown
      },
    })
  }
  return {
    getMetrics: () => [],
    getFamilies: () =>
      (producer.getFamilies!() as readonly RowSource[]).map((source) =>
        getOrInsert(sources, source.descriptor.name, () => sourceOf(source)),
      ),
  }
}

test.each(Object.keys(INVALID))('a producer that returns %s does not affect the metrics of others', async (name) => {
  const { registry, hits } = registryWith(new ManualClock())
  const { keeper, totals } = await memberWith(() => [INVALID[name]!, registry])
  for (let hit = 1; hit <= 2; hit++) {
    hits.inc()
    await keeper.gather(1_000)
    expect(totals()).toEqual([`hits ${hit}`])
  }
})

test.each(['labelValue', 'value', 'lastEpoch', 'isLive', 'chunks', 'epoch', 'bounds', 'descriptor'] as const)(
  'a row source whose %s throws keeps the rows that were sent, and does not affect the metrics of others',
  async (method) => {
    const { registry, hits } = registryWith(new ManualClock())
    const faulty = new MetricRegistry()
    const jobs = faulty.counter('jobs', { labelKeys: ['queue'] })
    let isFaulty = false
    const failing = throwingIn(faulty, method, () => isFaulty)
    const { keeper, totals } = await memberWith(() => [failing, registry])
    hits.inc()
    jobs.inc(5, { queue: 'mail' })
    await keeper.gather(1_000)
    expect(totals().sort()).toEqual(['hits 1', 'jobs 5'])
    isFaulty = true
    for (let hit = 2; hit <= 3; hit++) {
      hits.inc()
      jobs.inc(1, { queue: 'mail' })
      jobs.inc(1, { queue: `mail ${hit}` })
      await keeper.gather(1_000)
      expect(totals()).toContain(`hits ${hit}`)
    }
  },
)

test('a producer that never answers delays the metrics of others once, for less than a second', async () => {
  const { registry, hits } = registryWith(new ManualClock())
  let calls = 0
  const hanging: MetricProducer = { getMetrics: () => (++calls < 2 ? new Promise(() => {}) : snapshot(7)) }
  const { clock, keeper, totals } = await memberWith(() => [hanging, registry])
  hits.inc()
  const gathered = keeper.gather(2_000)
  await turns()
  await clock.advanceAsync(950)
  await gathered
  expect(totals()).toEqual(['hits 1'])
  hits.inc()
  await keeper.gather(1_000)
  expect([totals(), calls]).toEqual([['hits 2'], 1])
  await clock.advanceAsync(60_000) // then it is called again
  await keeper.gather(1_000)
  expect(totals().sort()).toEqual(['hits 2', 'jobs 7'])
})

test('a member that leaves while a producer hangs sends the metrics of others', async () => {
  const { registry, hits } = registryWith(new ManualClock())
  const hanging: MetricProducer = { getFamilies: () => new Promise(() => {}), getMetrics: () => [] }
  const { clock, member, totals } = await memberWith(() => [hanging, registry])
  hits.inc(3)
  const left = member.leave(100)
  await clock.advanceAsync(100)
  await left
  await turns()
  expect(totals()).toEqual(['hits 3'])
})

test.each([
  ['flush', (member: Member) => member.flush()],
  ['leave', (member: Member) => member.leave(1_000)],
] as const)('%s sends what snapshots have counted since the last scrape', async (_name, act) => {
  let value = 1
  const { keeper, member, totals } = await memberWith(() => [{ getMetrics: async () => snapshot(value) }])
  await keeper.gather(1_000)
  member.tick()
  await turns()
  value = 5
  await act(member)
  await turns()
  expect(totals()).toEqual(['jobs 5'])
})

test('at the end of a process the values of snapshots and of registries with asynchronous functions are sent', async () => {
  let value = 1
  const { registry, hits } = registryWith(new ManualClock())
  registry.derivedGauge('depth').observe(async () => 1)
  const later: MetricProducer = { getMetrics: async () => snapshot(value).map((metric) => ({ ...metric, descriptor: LATER })) }
  const { keeper, member, totals } = await memberWith(() => [{ getMetrics: () => snapshot(value) }, registry, later])
  await keeper.gather(1_000)
  member.tick()
  await turns()
  value = 5
  hits.inc(2)
  const file = [...member.finalFrames()]
  member.flushSync()
  await turns()
  expect(
    totals()
      .filter((total) => !total.startsWith('depth'))
      .sort(),
  ).toEqual(['hits 2', 'jobs 5', 'later 1'])
  expect(Buffer.concat(file).toString('latin1')).toMatch(/"jobs".*"hits".*"later"/s)
})

const LATER = { ...snapshot(0)[0]!.descriptor, name: 'later' }
