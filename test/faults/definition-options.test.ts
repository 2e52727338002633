import { expect, test } from 'vitest'
import { exponential, exportPeriodically, gather, lastValue, mergeResources, MetricRegistry, percentiles } from '../../src/index.js'
import { count, distribution, exponentialBounds, linearBounds, relabel, Stats, TallyscopeError, View } from '../../src/index.js'

/** What callers without types pass by mistake. */
const ODD: readonly unknown[] = [
  ...[null, 0, 1, -1, NaN, Infinity, 10n, '', 'x', 'a b', true, false, Symbol('s'), () => 1, new Date(0), new Map()],
  ...[[], [1], [null], ['a'], [Symbol('s')], [{}], {}, { a: 1 }, { a: null }, { a: Symbol('s') }, { a: [Symbol('s')] }],
  ...[Object.create(null), new Proxy({}, {})],
]

const SHARED = ['unit', 'description', 'type', 'labelKeys', 'constantLabels', 'exactName', 'rowLimit', 'unknown'] as const
const PERCENTILES = 'quantiles significantDigits maxAgeMs windows lowest highest expectedIntervalMs intervals'.split(' ')
const EXPONENTIAL = 'maxBuckets schema growthFactor zeroThreshold maxZeroThreshold bounds'.split(' ')

type Define = (odd: any) => unknown // oxlint-disable-line typescript/no-explicit-any

const ownEngine = (): { stats: Stats; options: object } => {
  const stats = new Stats()
  const measure = stats.measure('m', { unit: 's', tagKeys: ['a'] })
  return { stats, options: { name: 'v', measure, tagKeys: ['a'], aggregation: count() } }
}

/** The call of a definition for each of its options, and for its name and options as a whole. */
function* definitions(): Generator<[what: string, define: Define]> {
  yield ['Stats', (odd) => new Stats(odd)]
  for (const option of ['limits', 'clock', 'constantLabels']) yield [`Stats.${option}`, (odd) => new Stats({ [option]: odd })]
  for (const limit of ['rowsPerView', 'totalRows', 'tagValueLength', 'definitions'])
    yield [`limit ${limit}`, (odd) => new Stats({ limits: { [limit]: odd } })]
  yield ['name of a measure', (odd) => new Stats().measure(odd)]
  yield ['options of a measure', (odd) => new Stats().measure('m', odd)]
  for (const option of ['unit', 'description', 'type', 'signed', 'tagKeys', 'view'])
    yield [`measure.${option}`, (odd) => new Stats().measure('m', { [option]: odd })]
  yield* viewDefinitions()
  yield* instrumentDefinitions()
  yield* aggregationDefinitions()
  yield ['producers of gather', (odd) => gather(odd)]
  for (const option of ['timeoutMs', 'clock', 'unknown']) yield [`gather.${option}`, (odd) => gather([new Stats()], { [option]: odd })]
  yield ['producer of relabel', (odd) => relabel(odd, { constantLabels: { a: 'b' } })]
  for (const option of ['constantLabels', 'renameLabels']) yield [`relabel.${option}`, (odd) => relabel(new Stats(), { [option]: odd })]
  yield ['resources', (odd) => mergeResources(odd)]
  yield ['a resource', (odd) => mergeResources([odd])]
  yield ['labels of a resource', (odd) => mergeResources([{ labels: odd }])]
  for (const option of ['producers', 'exporter', 'intervalMs', 'exportTimeoutMs', 'clock']) {
    const define: Define = (odd) =>
      exportPeriodically({ producers: [new Stats()], exporter: { export: async () => {} }, [option]: odd }).close()
    yield [`exportPeriodically.${option}`, define]
  }
}

function* viewDefinitions(): Generator<[what: string, define: Define]> {
  yield ['options of a view', (odd) => new Stats().registerView(odd)]
  yield ['View', (odd) => new View(odd)]
  const views = 'name measure aggregation tagKeys contextTags description tagValues rowLimit idleExpiryMs exactName unknown'.split(' ')
  for (const option of views) {
    const register: Define = (odd) => {
      const { stats, options } = ownEngine()
      stats.registerView({ ...options, [option]: odd } as never)
      stats.shutdown()
    }
    yield [`registerView.${option}`, register]
    const registerByName: Define = (odd) => {
      const stats = new Stats()
      stats.registerView({ name: 'v', measure: 'later', tagKeys: ['a'], aggregation: count(), [option]: odd } as never)
      stats.measure('later')
      stats.shutdown()
    }
    yield [`registerView.${option} before the measure`, registerByName]
  }
}

function* aggregationDefinitions(): Generator<[what: string, define: Define]> {
  for (const create of [lastValue, distribution, exponential, percentiles]) yield [create.name, create as Define]
  yield ['lastValue.merge', (odd) => lastValue({ merge: odd })]
  yield ['a bound', (odd) => distribution([0, odd])]
  for (const at of [0, 1, 2]) {
    const odder = (odd: unknown): [number, number, number] => [2, 2, 2].with(at, odd as number) as [number, number, number]
    yield [`linearBounds ${at}`, (odd) => linearBounds(...odder(odd))]
    yield [`exponentialBounds ${at}`, (odd) => exponentialBounds(...odder(odd))]
  }
  for (const [kind, create, options] of [
    ['exponential', exponential, EXPONENTIAL],
    ['percentiles', percentiles, PERCENTILES],
  ] as const) {
    for (const option of options) {
      yield [`${kind}.${option}`, (odd) => create({ [option]: odd })]
      for (const measure of ['now', 'later']) {
        const register: Define = (odd) => {
          const stats = new Stats()
          if (measure === 'now') stats.measure(measure)
          stats.registerView({ name: 'v', measure, aggregation: { kind, options: { [option]: odd } } as never })
        }
        yield [`${kind} as plain data, ${option}, measure ${measure}`, register]
      }
    }
  }
}

function* instrumentDefinitions(): Generator<[what: string, define: Define]> {
  yield ['MetricRegistry', (odd) => new MetricRegistry(odd)]
  for (const option of ['limits', 'clock', 'constantLabels', 'resource', 'deriveTimeoutMs'])
    yield [`MetricRegistry.${option}`, (odd) => new MetricRegistry({ [option]: odd })]
  yield ['labels of its resource', (odd) => new MetricRegistry({ resource: { labels: { a: odd } } })]
  const own: Record<string, readonly string[]> = {
    gauge: ['merge'],
    counter: [],
    cumulative: [],
    histogram: ['bounds', 'signed'],
    summary: PERCENTILES,
    derivedGauge: ['whenFailed', 'merge'],
    derivedCumulative: ['whenFailed'],
    info: [],
    stateSet: ['states'],
  }
  for (const [kind, options] of Object.entries(own)) {
    const given = kind === 'info' ? { labelKeys: ['a'] } : kind === 'stateSet' ? { states: ['on', 'off'] } : {}
    const define = (name: unknown, defined: unknown): unknown =>
      (new MetricRegistry() as unknown as Record<string, (name: unknown, options: unknown) => unknown>)[kind]!(name, defined)
    yield [`name of a ${kind}`, (odd) => define(odd, given)]
    yield [`options of a ${kind}`, (odd) => define('m', odd)]
    for (const option of [...SHARED, ...options]) yield [`${kind}.${option}`, (odd) => define('m', { ...given, [option]: odd })]
  }
}

test('whatever the value of an option is, a definition is accepted or throws an error with a code', async () => {
  const wrong: string[] = []
  for (const [what, define] of definitions()) {
    for (const [at, odd] of ODD.entries()) {
      try {
        await define(odd)
      } catch (error) {
        if (!(error instanceof TallyscopeError)) wrong.push(`${what}, value ${at}: ${(error as Error).stack}`)
      }
    }
  }
  expect(wrong).toEqual([])
})
