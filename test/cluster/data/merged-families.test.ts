import { fc } from '../../fast-check.js'
import { expect, test, vi } from 'vitest'
import { ChangedRows } from '../../../src/cluster/data/changed-rows.js'
import { type Contributor, DEFAULT_DATA_LIMITS, type DataLimits } from '../../../src/cluster/frames/contributor.js'
import { MergedFamilies } from '../../../src/cluster/data/merged-families.js'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'
import { textEncoder } from '../../../src/exporters/prometheus/format/text-encoder.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import type { RowSource } from '../../../src/metrics/data/row-source.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { Stats } from '../../../src/stats/stats.js'
import { count, distribution, exponential, lastValue, percentiles, sum } from '../../../src/stats/views/aggregation.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

function merged(limits: Partial<DataLimits> = {}, perMember: string[] = []): MergedFamilies {
  return new MergedFamilies({ clock: new ManualClock(), limits: { ...DEFAULT_DATA_LIMITS, ...limits }, perMember })
}

/** A member: its producers, what it has sent, and what the group knows of it. */
class Member {
  readonly reader: ChangedRows
  contributor: Contributor

  constructor(group: MergedFamilies, slot: number, ...producers: MetricProducer[]) {
    this.reader = new ChangedRows(producers)
    this.contributor = group.contributor(`member ${slot}`, slot)
  }

  send(times = 1): void {
    for (const frame of this.reader.framesNow()) for (let time = 0; time < times; time++) this.contributor.apply(frame)
  }
}

const page = (producer: MetricProducer): string => formatText(producer.getMetrics() as readonly Metric[])

async function encoded(producer: MetricProducer): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of textEncoder.encode(await producer.getFamilies!())) parts.push(part)
  return Buffer.concat(parts).toString()
}

function engine(rowLimit?: number): { stats: Stats; record(value: number, route: string): void } {
  const stats = new Stats({ clock: new ManualClock() })
  const time = stats.measure('shop/time', { unit: 's', tagKeys: ['route'] })
  const level = stats.measure('shop/level', { unit: '1', signed: true, tagKeys: ['route'] })
  const limit = rowLimit === undefined ? {} : { rowLimit }
  stats.registerView({ name: 'shop/requests', measure: time, tagKeys: ['route'], aggregation: count(), ...limit })
  stats.registerView({ name: 'shop/seconds', measure: time, tagKeys: ['route'], aggregation: sum(), ...limit })
  stats.registerView({ name: 'shop/latency', measure: time, tagKeys: ['route'], aggregation: distribution([0.5, 1, 4]), ...limit })
  stats.registerView({ name: 'shop/spread', measure: time, tagKeys: ['route'], aggregation: exponential({ maxBuckets: 16 }), ...limit })
  stats.registerView({ name: 'shop/balance', measure: level, tagKeys: ['route'], aggregation: sum(), ...limit })
  return {
    stats,
    record(value, route) {
      stats.record(time, value, { route })
      stats.record(level, value - 2, { route })
    },
  }
}

const sortedLines = (text: string): string[] => text.split('\n').sort()

const records = fc.array(
  fc.record({
    member: fc.nat(3),
    value: fc.integer({ min: 0, max: 64 }).map((eighths) => eighths / 8),
    route: fc.constantFrom('/', '/a', '/b', '/é', ''),
    sends: fc.nat(3),
    again: fc.boolean(),
  }),
  { maxLength: 60 },
)

test('the merged page of several engines is that of one engine that received all records, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(records, async (all) => {
      const group = merged()
      const engines = Array.from({ length: 4 }, () => engine())
      const whole = engine()
      for (const { member, value, route } of all) engines[member]!.record(value, route)
      for (let member = 0; member < 4; member++) {
        for (const one of all) if (one.member === member) whole.record(one.value, one.route)
        new Member(group, member, engines[member]!.stats).send()
      }
      expect(page(group)).toBe(page(whole.stats))
      expect(await encoded(group)).toBe(page(whole.stats))
    }),
    { numRuns: 60 },
  )
})

test('the page has the true totals after any order of sending, repeating, resending and departing', () => {
  fc.assert(
    fc.property(records, (all) => {
      const group = merged()
      const engines = Array.from({ length: 4 }, () => engine())
      const members = engines.map(({ stats }, slot) => new Member(group, slot, stats))
      const whole = engine()
      for (const { member, value, route, sends, again } of all) {
        engines[member]!.record(value, route)
        whole.record(value, route)
        if (again) members[member]!.reader.restart()
        if (sends > 0) members[sends]!.send()
      }
      for (const member of members) member.send()
      expect(sortedLines(page(group))).toEqual(sortedLines(page(whole.stats)))
      const departed = [...members].sort(() => -1)
      for (const { contributor } of departed) contributor.depart()
      const cumulative = (line: string): boolean => !line.includes('balance')
      expect(sortedLines(page(group)).filter(cumulative)).toEqual(sortedLines(page(whole.stats)).filter(cumulative))
    }),
    { numRuns: 100 },
  )
})

/** All cumulative samples of a page. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(' ')
    if (line !== '' && !line.startsWith('#')) samples.set(line.slice(0, at), Number(line.slice(at + 1)))
  }
  return samples
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('record'), member: fc.nat(2), value: fc.double({ min: 0, max: 9, noNaN: true }) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('send', 'twice', 'anew'), member: fc.nat(2), value: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('exit', 'kill', 'late'), member: fc.nat(2), value: fc.constant(0) }) },
  ),
  { maxLength: 80 },
)

test('no cumulative sample decreases, in any order of events', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const group = merged()
      const start = (slot: number) => {
        const own = engine()
        return { own, member: new Member(group, slot, own.stats) }
      }
      const members = [0, 1, 2].map(start)
      let before = new Map<string, number>()
      for (const { do: what, member: slot, value } of all) {
        const { own, member } = members[slot]!
        if (what === 'record') own.record(value, value > 4 ? '/a' : '/b')
        if (what === 'anew') member.reader.restart()
        if (what !== 'record' && what !== 'kill' && what !== 'late') member.send(what === 'twice' ? 2 : 1)
        if (what === 'late') member.contributor.showGauges(false)
        if (what === 'exit' || what === 'kill') {
          member.contributor.depart()
          members[slot] = start(slot)
        }
        const now = samplesOf(page(group))
        for (const [sample, was] of before) {
          if (!sample.includes('balance')) expect([sample, (now.get(sample) ?? -1) >= was]).toEqual([sample, true])
        }
        before = now
      }
    }),
    { numRuns: 150 },
  )
})

test('the order in which members send does not matter', () => {
  const build = (order: number[]): string => {
    const group = merged()
    const members = [0, 1, 2].map((slot) => {
      const own = engine()
      for (const route of ['/', '/a']) own.record(0.1 * (slot + 1), route)
      return new Member(group, slot, own.stats)
    })
    for (const slot of order) members[slot]!.send()
    return page(group)
  }
  for (const order of [
    [0, 2, 1],
    [1, 0, 2],
    [2, 1, 0],
  ])
    expect(build(order)).toBe(build([0, 1, 2]))
})

test('an absolute value that arrives twice counts once', () => {
  const group = merged()
  const own = engine()
  own.record(1, '/')
  const member = new Member(group, 0, own.stats)
  member.send()
  own.record(1, '/')
  own.record(1, '/new')
  member.send(2)
  member.send(2)
  expect(samplesOf(page(group)).get('shop_requests_total{route="/"}')).toBe(2)
})

function gauges(merge: 'sum' | 'min' | 'max' | 'latest' | 'each', values: number[]) {
  const clock = new ManualClock()
  const group = new MergedFamilies({ clock, limits: DEFAULT_DATA_LIMITS })
  const members = values.map((value, slot) => {
    const registry = new MetricRegistry({ clock })
    registry.gauge('depth', { merge }).set(value)
    const member = new Member(group, slot, registry)
    member.send()
    return { registry, member, set: (next: number) => registry.gauge('depth', { merge }).set(next) }
  })
  return {
    clock,
    group,
    members,
    text: () =>
      page(group)
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#')),
  }
}

test('gauges are merged by sum, minimum or maximum, or kept for each member', () => {
  expect(gauges('sum', [3, 5, 4]).text()).toEqual(['depth 12'])
  expect(gauges('min', [3, 5, 4]).text()).toEqual(['depth 3'])
  expect(gauges('max', [3, 5, 4]).text()).toEqual(['depth 5'])
  expect(gauges('each', [3, 5]).text()).toEqual(['depth{member="0"} 3', 'depth{member="1"} 5'])
})

test('latest takes the gauge that changed last, and within a second that of the lowest slot', () => {
  const { clock, members, text } = gauges('latest', [3, 5, 4])
  expect(text()).toEqual(['depth 3'])
  clock.advance(2_000)
  members[2]!.set(7)
  members[2]!.member.send()
  expect(text()).toEqual(['depth 7'])
  members[2]!.member.contributor.depart()
  expect(text()).toEqual(['depth 3'])
})

test('gauges of late members are left out, and come back', () => {
  const { members, text } = gauges('sum', [3, 5])
  members[1]!.member.contributor.showGauges(false)
  expect(text()).toEqual(['depth 3'])
  members[0]!.member.contributor.showGauges(false)
  expect(text()).toEqual([])
  members[1]!.member.contributor.showGauges(true)
  expect(text()).toEqual(['depth 5'])
})

test('gauges of departed members are removed at once, and counters stay', () => {
  const group = merged()
  const registry = new MetricRegistry()
  registry.gauge('depth').set(3)
  registry.counter('jobs').inc(4)
  const member = new Member(group, 0, registry)
  member.send()
  member.contributor.depart()
  expect([...samplesOf(page(group))]).toEqual([['jobs_total', 4]])
})

test("a family with the rule each has a row for each slot, also for the slot's next member", () => {
  const group = merged({}, ['jobs*'])
  for (const given of [2, 3]) {
    const registry = new MetricRegistry()
    registry.counter('jobs/done').inc(given)
    const member = new Member(group, 5, registry)
    member.send()
    member.contributor.depart()
  }
  expect([...samplesOf(page(group))]).toEqual([['jobs_done_total{member="5"}', 5]])
})

test('a row is removed with the last member that has it, and does not decrease before', () => {
  const group = merged()
  const members = [1, 2, 3].map((given, slot) => {
    const registry = new MetricRegistry()
    const counter = registry.counter('jobs', { labelKeys: ['queue'] })
    counter.inc(given, { queue: 'a' })
    counter.inc(given, { queue: 'b' })
    return { counter, member: new Member(group, slot, registry) }
  })
  const value = (): number | undefined => samplesOf(page(group)).get('jobs_total{queue="a"}')
  for (const { member } of members) member.send()
  members[0]!.counter.remove({ queue: 'a' })
  members[0]!.member.send()
  expect(value()).toBe(6)
  members[0]!.counter.inc({ queue: 'a' })
  members[0]!.member.send()
  expect(value()).toBe(7)
  for (const { counter, member } of members) {
    counter.remove({ queue: 'a' })
    member.send()
  }
  expect(value()).toBeUndefined()
  expect(samplesOf(page(group)).get('jobs_total{queue="b"}')).toBe(6)
})

test('rows beyond the limit of the view are exact in the overflow row', () => {
  const group = merged()
  for (let slot = 0; slot < 3; slot++) {
    const own = engine(2)
    for (let route = 0; route < 3; route++) own.record(1, `/${slot}${route}`)
    new Member(group, slot, own.stats).send()
  }
  const lines = [...samplesOf(page(group))].filter(([sample]) => sample.startsWith('shop_requests_total'))
  expect(lines).toHaveLength(3)
  expect(lines.reduce((all, [, value]) => all + value, 0)).toBe(9)
})

test('the first of two definitions is used while a member has it, and then the other', () => {
  const group = merged()
  const members = [[1, 2], [5]].map((bounds, slot) => {
    const registry = new MetricRegistry()
    registry.histogram('size', { bounds }).observe(3)
    const member = new Member(group, slot, registry)
    member.send()
    return member
  })
  const bounds = (): string[] => [...samplesOf(page(group)).keys()].filter((sample) => sample.includes('le='))
  expect(bounds()).toEqual(['size_bucket{le="1"}', 'size_bucket{le="2"}', 'size_bucket{le="+Inf"}'])
  members[0]!.contributor.depart()
  expect(bounds()).toEqual(['size_bucket{le="5"}', 'size_bucket{le="+Inf"}'])
})

test('merged rows that are forwarded result in the same page', () => {
  const group = merged({}, ['shop/requests'])
  for (let slot = 0; slot < 3; slot++) {
    const own = engine()
    own.record(slot + 1, '/')
    new Member(group, slot, own.stats).send()
  }
  const mirror = merged()
  const feed = new Member(mirror, 0, group)
  feed.send()
  expect(page(mirror)).toBe(page(group))
  feed.reader.restart()
  feed.send()
  expect(page(mirror)).toBe(page(group))
})

test('a gauge that no member shows is not in a new copy of the rows', () => {
  const { group, members } = gauges('sum', [3])
  members[0]!.member.contributor.showGauges(false)
  const mirror = merged()
  new Member(mirror, 0, group).send()
  expect(page(mirror)).toBe('')
})

test('a chunk is searched for new rows once after rows were made, and not at each reading', () => {
  const group = merged()
  const own = engine()
  for (let at = 0; at < 40; at++) own.record(1, `/${at}`)
  const member = new Member(group, 0, own.stats)
  member.send()
  const [source] = group.families() as readonly RowSource[]
  const searches = source!.chunks.map((chunk) => vi.spyOn(chunk, 'isLive'))
  const reader = new ChangedRows([{ getMetrics: () => [], getFamilies: () => [source!] }])
  const read = (): number => {
    for (const search of searches) search.mockClear()
    for (const _ of reader.framesNow());
    return searches.reduce((all, { mock }) => all + mock.calls.length, 0)
  }
  expect(read()).toBeGreaterThan(0)
  own.record(1, '/0')
  member.send()
  expect(read()).toBe(0)
})

test('the rows of departed members can be sent to a standby', () => {
  const group = merged()
  const own = engine()
  own.record(3, '/')
  const member = new Member(group, 0, own.stats)
  member.send()
  member.contributor.depart()
  const standby = merged()
  const feed = new Member(standby, 0, { getMetrics: () => [], getFamilies: () => group.departed() })
  feed.send()
  feed.contributor.depart()
  expect(page(standby)).toBe(page(group))
})

test('snapshots of counters are summed like rows, and one that was reset continues from its last total', () => {
  const group = merged()
  let value = 5
  const producer: MetricProducer = {
    getMetrics: () => [
      {
        descriptor: { name: 'jobs', description: '', unit: '1', type: 'CUMULATIVE_DOUBLE', labelKeys: [] },
        timeSeries: [{ labelValues: [], points: [{ timeUnixMs: 0, value }] }],
      },
    ],
  }
  const members = [0, 1].map((slot) => new Member(group, slot, producer))
  for (const member of members) member.send()
  expect([...samplesOf(page(group)).values()]).toEqual([10])
  value = 2
  for (const member of members) member.send()
  expect([...samplesOf(page(group)).values()]).toEqual([14])
})

test('nothing is sent if nothing has changed', () => {
  const own = engine()
  own.record(1, '/')
  const reader = new ChangedRows([own.stats])
  const bytes = (): number => [...reader.framesNow()].reduce((all, { length }) => all + length, 0)
  bytes()
  bytes() // what was recorded in the epoch of the first reading comes once more
  expect(bytes()).toBe(0)
})

test('a last value view is merged by the rule of its aggregation', () => {
  const group = merged()
  for (let slot = 0; slot < 2; slot++) {
    const stats = new Stats()
    const level = stats.measure('level', { unit: '1' })
    stats.registerView({ name: 'level', measure: level, aggregation: lastValue({ merge: 'max' }) })
    stats.record(level, slot + 3)
    new Member(group, slot, stats).send()
  }
  expect([...samplesOf(page(group))]).toEqual([['level', 4]])
})

test('a counter with the rule max is the greatest of all members, and does not decrease', () => {
  const group = merged()
  let values = [5, 7]
  const members = values.map((_, slot) => {
    const getMetrics = (): Metric[] => [
      {
        descriptor: { name: 'throttled', description: '', unit: 's', type: 'CUMULATIVE_DOUBLE', labelKeys: [], merge: 'max' },
        timeSeries: [{ labelValues: [], points: [{ timeUnixMs: 0, value: values[slot]! }] }],
      },
    ]
    return new Member(group, slot, { getMetrics })
  })
  const shown = (): number[] => [...samplesOf(page(group)).values()]
  for (const member of members) member.send()
  expect(shown()).toEqual([7])
  members[1]!.contributor.depart()
  expect(shown()).toEqual([7])
  values = [9, 0]
  members[0]!.send()
  expect(shown()).toEqual([9])
})

test('a derived gauge is merged by its rule', async () => {
  const group = merged()
  for (let slot = 0; slot < 2; slot++) {
    const registry = new MetricRegistry()
    registry.derivedGauge('lag', { merge: 'max' }).observe(() => slot + 3)
    const member = new Member(group, slot, registry)
    await member.reader.sendTo((frame) => {
      member.contributor.apply(frame)
      return true
    })
  }
  expect([...samplesOf(page(group))]).toEqual([['lag', 4]])
})

/** Percentiles of a view, recorded on this clock. */
function latencies(clock: ManualClock) {
  const stats = new Stats({ clock })
  const time = stats.measure('shop/wait', { unit: 's', tagKeys: ['route'] })
  const aggregation = percentiles({ quantiles: [0, 0.5, 0.9, 0.99, 1], maxAgeMs: 60_000, windows: 3 })
  stats.registerView({ name: 'shop/wait', measure: time, tagKeys: ['route'], aggregation })
  return { stats, record: (value: number, route = '/') => stats.record(time, value, { route }) }
}

const waits = fc.array(
  fc.record({
    member: fc.nat(2),
    value: fc.oneof(fc.double({ min: 0, max: 1e4, noNaN: true }), fc.nat(50)),
    route: fc.constantFrom('/', '/a'),
    sends: fc.boolean(),
  }),
  { maxLength: 60 },
)

test('percentiles of several engines equal those of one engine with all values, also in a copy and after members have ended', () => {
  fc.assert(
    fc.property(waits, (all) => {
      const clock = new ManualClock()
      const group = new MergedFamilies({ clock, limits: DEFAULT_DATA_LIMITS })
      const copy = new MergedFamilies({ clock, limits: DEFAULT_DATA_LIMITS })
      const feed = new Member(copy, 0, group)
      const whole = latencies(clock)
      const engines = [0, 1, 2].map(() => latencies(clock))
      const members = engines.map(({ stats }, slot) => new Member(group, slot, stats))
      for (const { member, value, route, sends } of all) {
        engines[member]!.record(value, route)
        whole.record(value, route)
        if (sends) members[member]!.send(2)
        feed.send()
      }
      for (const member of members) member.send()
      const isSum = (line: string): boolean => line.includes('_sum') // added in another order
      const lines = (producer: MetricProducer): string[] => sortedLines(page(producer)).filter((line) => !isSum(line))
      expect(lines(group)).toEqual(lines(whole.stats))
      feed.send()
      expect(page(copy)).toBe(page(group))
      for (const { contributor } of members) contributor.depart()
      expect(lines(group)).toEqual(lines(whole.stats))
    }),
    { numRuns: 60 },
  )
})

test('percentiles of a silent member expire with their windows, and count and sum stay', () => {
  const clock = new ManualClock()
  const group = new MergedFamilies({ clock, limits: DEFAULT_DATA_LIMITS })
  const engines = [0, 1].map(() => latencies(clock))
  const members = engines.map(({ stats }, slot) => new Member(group, slot, stats))
  engines[0]!.record(100)
  members[0]!.send()
  clock.advance(50_000)
  engines[1]!.record(1)
  members[1]!.send()
  const shown = (): unknown => {
    const samples = samplesOf(page(group))
    return [samples.get('shop_wait_seconds{route="/",quantile="1"}'), samples.get('shop_wait_seconds_count{route="/"}')]
  }
  expect(shown()).toEqual([100, 2])
  clock.advance(15_000)
  expect(shown()).toEqual([1, 2])
  clock.advance(70_000)
  expect(shown()).toEqual([Number.NaN, 2])
})

test('percentiles with more buckets than a frame can have are left out, and their count and sum are exact', () => {
  const clock = new ManualClock()
  const group = new MergedFamilies({ clock, limits: DEFAULT_DATA_LIMITS })
  const registry = new MetricRegistry({ clock })
  const sizes = registry.summary('size', { quantiles: [0.5], significantDigits: 5 })
  for (let value = 0; value < 90_000; value++) sizes.observe(value * 1e-6)
  new Member(group, 0, registry).send()
  expect([...samplesOf(page(group)).keys()]).toEqual(['size_sum', 'size_count'])
  expect(samplesOf(page(group)).get('size_count')).toBe(90_000)
})

test('quantiles of snapshots are exposed while a member has them', () => {
  const group = merged()
  const getMetrics = (): Metric[] => [
    {
      descriptor: { name: 'size', description: '', unit: '1', type: 'SUMMARY', labelKeys: [] },
      timeSeries: [
        {
          labelValues: [],
          points: [{ timeUnixMs: 0, value: { kind: 'summary', count: 2, sum: 5, quantiles: [{ quantile: 0.5, value: 3 }] } }],
        },
      ],
    },
  ]
  const members = [0, 1].map((slot) => new Member(group, slot, { getMetrics }))
  const names = (): string[] => [...samplesOf(page(group)).keys()]
  members[0]!.send()
  expect(names()).toEqual(['size{quantile="0.5"}', 'size_sum', 'size_count'])
  members[1]!.send()
  expect(names()).toEqual(['size_sum', 'size_count'])
  members[0]!.contributor.depart()
  members[1]!.contributor.depart()
  expect(names()).toEqual(['size_sum', 'size_count'])
})

test('the exemplar of a bucket is the newest of all members, in any order of sending', () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const group = merged()
    const clock = new ManualClock()
    const members = ['old', 'new'].map((id, slot) => {
      const stats = new Stats({ clock })
      const time = stats.measure('time', { unit: 's' })
      stats.registerView({ name: 'time', measure: time, aggregation: distribution([1, 2]) })
      clock.advance(1_000)
      stats.record(time, 1.5, {}, { trace_id: id })
      return new Member(group, slot, stats)
    })
    for (const slot of order) members[slot]!.send()
    const [family] = group.families() as [RowSource]
    expect(family.chunks[0]!.exemplar(0, 1)?.attachments).toEqual({ trace_id: 'new' })
    expect(family.chunks[0]!.count(0)).toBe(2)
  }
})

test('rows that are removed and created again while their frames are in transit keep their own values', () => {
  const own = new MetricRegistry()
  const jobs = own.counter('jobs', { labelKeys: ['queue'], rowLimit: 10_000 })
  const name = (at: number): string => `queue ${at} ${'x'.repeat(200)}`
  for (let at = 0; at < 2_000; at++) jobs.inc({ queue: name(at) })
  const group = merged()
  const member = new Member(group, 0, own)
  member.send()
  for (let at = 0; at < 2_000; at++) jobs.inc({ queue: name(at) })
  let frames = 0
  member.reader.restart()
  for (const frame of member.reader.framesNow()) {
    member.contributor.apply(frame)
    if (++frames % 2 === 0) continue
    for (let at = frames * 40; at < frames * 40 + 30; at++) {
      jobs.remove({ queue: name(at) })
      jobs.inc(1_000, { queue: `new ${at}` })
    }
  }
  member.send()
  expect(frames).toBeGreaterThan(5)
  const old = [...samplesOf(page(group))].filter(([sample]) => sample.includes('{queue="queue'))
  expect(old.every(([, value]) => value === 2)).toBe(true)
  expect(sortedLines(page(group))).toEqual(sortedLines(page(own)))
})

function twoRegistries() {
  const registries = [new MetricRegistry(), new MetricRegistry()]
  const [one, two] = registries.map((registry) => registry.counter('jobs', { labelKeys: ['queue'] }))
  one!.inc(5, { queue: 'a' })
  one!.inc(1, { queue: 'b' })
  two!.inc(10, { queue: 'a' })
  two!.inc(100, { queue: 'c' })
  return { registries, one: one!, two: two! }
}

test('the same family of two producers of a process is sent twice, and common rows are summed', () => {
  const group = merged()
  const { registries, one, two } = twoRegistries()
  const member = new Member(group, 0, ...registries)
  const values = (): unknown => Object.fromEntries([...samplesOf(page(group))].map(([sample, value]) => [sample.at(-3), value]))
  member.send()
  expect(values()).toEqual({ a: 15, b: 1, c: 100 })
  for (let time = 0; time < 3; time++) {
    one.inc({ queue: 'a' })
    two.inc({ queue: 'a' })
    member.reader.restart()
    member.send(2)
  }
  expect(values()).toEqual({ a: 21, b: 1, c: 100 })
  one.remove({ queue: 'b' })
  two.remove({ queue: 'c' })
  member.send()
  expect(values()).toEqual({ a: 21 })
  member.contributor.depart()
  expect(values()).toEqual({ a: 21 })
})

test("a producer that loses its family while the member is disconnected does not change another producer's", () => {
  const group = merged()
  const { registries } = twoRegistries()
  const member = new Member(group, 0, ...registries)
  member.send()
  registries[0]!.unregister('jobs')
  member.reader.restart()
  member.send()
  expect(samplesOf(page(group)).get('jobs_total{queue="a"}')).toBe(15)
  expect(samplesOf(page(group)).get('jobs_total{queue="b"}')).toBeUndefined()
})
