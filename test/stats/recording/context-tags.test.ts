import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { formatText } from '../../../src/exporters/prometheus/index.js'
import { count, distribution, sum } from '../../../src/stats/views/aggregation.js'
import type { Measure } from '../../../src/stats/recording/measure.js'
import type { Stats } from '../../../src/stats/stats.js'
import { withOnlyTags, withTags } from '../../../src/stats/tags/current-tags.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import type { ManualClock } from '../../../src/testing/manual-clock.js'
import { Tracer } from '../../../src/setup/tracer.js'
import { MemoryExporter } from '../../../src/exporters/memory-exporter.js'
import { engine, rowsOf } from '../engine.js'

let stats: Stats
let clock: ManualClock
let latency: Measure<'route'>
const GIVEN = { route: '/cart' }
const MAP = TagMap.of(GIVEN)

beforeEach(() => {
  ;({ stats, clock } = engine())
  latency = stats.measure('shop/latency', { unit: 's', tagKeys: ['route'] })
  stats.registerView({ name: 'v', measure: latency, tagKeys: ['route'], contextTags: ['tenant'], aggregation: count() })
})

/** Does it often enough that whatever is remembered between records is. */
function often(record: () => void): void {
  for (let n = 0; n < 100; n++) record()
}

describe('a context tag is read from the current context by', () => {
  const bound = () => {
    const handle = stats.bind(latency, GIVEN)
    return () => handle.record(1)
  }
  const keptBatch = () => {
    const batch = stats.statsRecorder.newMeasurementMap().put(latency, 1)
    return () => batch.record(GIVEN)
  }
  test.each<[string, () => () => void]>([
    ['a plain object', () => () => stats.record(latency, 1, GIVEN)],
    ['a fresh plain object', () => () => stats.record(latency, 1, { ...GIVEN })],
    ['a kept tag map', () => () => stats.record(latency, 1, MAP)],
    ['a fresh tag map', () => () => stats.record(latency, 1, TagMap.of(GIVEN))],
    ['a tag map with a tenant of its own', () => () => stats.record(latency, 1, TagMap.of({ ...GIVEN, tenant: 'given' }))],
    ['an object with a tenant of its own', () => () => stats.record(latency, 1, { ...GIVEN, tenant: 'given' } as typeof GIVEN)],
    ['a handle', bound],
    ['a batch', keptBatch],
    ['a timer', () => () => void stats.startTimer(latency, GIVEN).stop()],
    ['a timed function', () => () => stats.time(latency, GIVEN, () => {})],
    ['a record with attachments', () => () => stats.record(latency, 1, GIVEN, { trace_id: 'a' })],
    ['a value out of the ordinary', () => () => stats.record(latency, 5n as unknown as number, GIVEN)],
  ])('%s', (_way, make) => {
    const record = make()
    often(record)
    withTags({ tenant: 'acme' }, () => often(record))
    withTags({ tenant: 'bell' }, () => often(record))
    withTags({ tenant: 'acme' }, () => withTags({ region: 'north' }, () => often(record)))
    withTags({ tenant: 'acme' }, () => withOnlyTags({ region: 'north' }, () => often(record)))
    expect(rowsOf(stats, 'v')).toEqual(['route=/cart tenant=-: 200', 'route=/cart tenant=acme: 200', 'route=/cart tenant=bell: 100'])
  })

  test('a record without tags, whose tag keys are read from there too', () => {
    withTags({ ...GIVEN, tenant: 'acme' }, () => often(() => stats.record(latency, 1)))
    often(() => stats.record(latency, 1))
    expect(rowsOf(stats, 'v')).toEqual(['route=/cart tenant=acme: 100', 'route=- tenant=-: 100'])
  })

  test('the latency of spans', async () => {
    const exporter = new MemoryExporter<never>()
    const tracer = new Tracer({ stats, exporter, clock })
    tracer.registerViews()
    stats.registerView({ name: 'by tenant', measure: 'span/latency', tagKeys: ['span'], contextTags: ['tenant'], aggregation: count() })
    for (const tenant of ['acme', 'bell']) await withTags({ tenant }, () => tracer.span('pay', async () => delay(1)))
    expect(rowsOf(stats, 'by tenant')).toEqual(['span=pay tenant=acme: 1', 'span=pay tenant=bell: 1'])
    await tracer.shutdown()
  })
})

test('each of many interleaved requests counts for its own tenant', async () => {
  const handle = stats.bind(latency, GIVEN)
  const request = async (n: number) => {
    await delay(n % 3)
    handle.record(1)
    await delay(n % 2)
    stats.record(latency, 1, MAP)
  }
  await Promise.all(Array.from({ length: 60 }, (_, n) => withTags({ tenant: `t${n % 2}` }, () => request(n))))
  expect(rowsOf(stats, 'v').sort()).toEqual(['route=/cart tenant=t0: 60', 'route=/cart tenant=t1: 60'])
})

test('views with context tags are registered and removed beside views without, and handles follow', () => {
  stats.viewManager.unregisterView('v')
  stats.registerView({ name: 'plain', measure: latency, tagKeys: ['route'], aggregation: count() })
  const handle = stats.bind(latency, GIVEN)
  const record = () =>
    often(() => {
      handle.record(1)
      stats.record(latency, 1, MAP)
    })
  withTags({ tenant: 'acme' }, record)
  stats.registerView({ name: 'tenant', measure: latency, contextTags: ['tenant'], aggregation: sum() })
  withTags({ tenant: 'acme' }, record)
  withTags({ tenant: 'bell' }, record)
  expect(rowsOf(stats, 'tenant')).toEqual(['tenant=acme: 200', 'tenant=bell: 200'])
  stats.viewManager.unregisterView('tenant')
  withTags({ tenant: 'bell' }, record)
  expect(rowsOf(stats, 'plain')).toEqual(['route=/cart: 800'])
})

test('labels are exposed in the order of the tag keys and then of the context tags', () => {
  stats.registerView({
    name: 'shop/latency',
    measure: latency,
    tagKeys: ['route'],
    contextTags: ['tenant', 'region'],
    aggregation: distribution([1]),
  })
  stats.viewManager.unregisterView('v')
  withTags({ tenant: 'acme', region: 'north' }, () => stats.record(latency, 1, GIVEN))
  expect(formatText(stats.getMetrics())).toBe(`# TYPE shop_latency_seconds histogram
shop_latency_seconds_bucket{route="/cart",tenant="acme",region="north",le="1"} 1
shop_latency_seconds_bucket{route="/cart",tenant="acme",region="north",le="+Inf"} 1
shop_latency_seconds_sum{route="/cart",tenant="acme",region="north"} 1
shop_latency_seconds_count{route="/cart",tenant="acme",region="north"} 1
`)
})

test('rows of a context tag overflow at the limit of rows, and are removed by it', () => {
  stats.registerView({ name: 'two', measure: latency, contextTags: ['tenant'], aggregation: count(), rowLimit: 2 })
  for (const tenant of ['a', 'b', 'c', 'd']) withTags({ tenant }, () => stats.record(latency, 1, GIVEN))
  expect(rowsOf(stats, 'two')).toEqual(['tenant=a: 1', 'tenant=b: 1', '*: 2'])
  expect(stats.viewManager.removeRows('two', { tenant: 'a' })).toBe(1)
  expect(rowsOf(stats, 'two')).toEqual(['tenant=b: 1', '*: 2'])
})

test('a record with unreadable tags is refused, and a getter that records is harmless', () => {
  const throwing = Object.defineProperty({}, 'route', {
    get: () => {
      throw new Error('no')
    },
  }) as typeof GIVEN
  const recording = Object.defineProperty({}, 'route', {
    get: () => {
      stats.record(latency, 1, { route: '/inner' })
      return '/outer'
    },
  }) as typeof GIVEN
  withTags({ tenant: 'acme' }, () => {
    often(() => stats.record(latency, 1, throwing))
    stats.record(latency, 1, recording)
  })
  expect(rowsOf(stats, 'v').filter((row) => row.startsWith('route=/outer'))).toEqual(['route=/outer tenant=acme: 1'])
  expect(stats.viewManager.getView('v')!.rows).toHaveLength(2)
})
