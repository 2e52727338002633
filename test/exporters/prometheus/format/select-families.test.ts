import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { internalMetrics } from '../../../../src/base/internal-metrics.js'
import { selectFamilies } from '../../../../src/exporters/prometheus/format/select-families.js'
import { formatOpenMetrics } from '../../../../src/exporters/prometheus/format/openmetrics-text.js'
import { openMetricsEncoder } from '../../../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../../../src/exporters/prometheus/format/text-encoder.js'
import { formatText } from '../../../../src/exporters/prometheus/format/text.js'
import type { Metric } from '../../../../src/metrics/data/metric.js'
import type { Family } from '../../../../src/metrics/data/row-source.js'
import { snapshotsOf } from '../../../../src/metrics/data/snapshot.js'
import { MetricRegistry } from '../../../../src/metrics/instruments/metric-registry.js'
import { bytesOf, metric } from './metric-samples.js'
import { readProtobuf } from './read-protobuf.js'
import { readOpenMetrics } from './strict-openmetrics-reader.js'

afterEach(() => vi.restoreAllMocks())

const gauge = (name: string, labelKeys: string[] = []) => metric({ name, type: 'GAUGE_INT64', labelKeys }, [labelKeys.map(() => 'x'), 1])

test('an omitted family is counted by reason and logged with its name', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const chosen = selectFamilies([gauge('families.of'), gauge('families_of'), gauge('families_in', ['p.q', 'p_q']), gauge('a')])
  expect(chosen.map(({ exposed, members }) => [exposed.name, ...members.map(({ descriptor }) => descriptor.name)])).toEqual([
    ['a', 'a'],
    ['families_of', 'families.of'],
  ])
  const family = internalMetrics.get('tallyscope_prometheus_left_out_families_total')!
  expect(family).toMatchObject({ type: 'counter', unit: '1', labelKeys: ['family', 'reason'] })
  expect(family.description).toMatch(/^Families left out/)
  const counted = (name: string, reason: string) => family.series.get(JSON.stringify([name, reason]))?.count.value
  expect(counted('families_of', 'name_clash')).toBe(1)
  expect(counted('families_in', 'label_clash')).toBe(1)
  const code = 'TALLYSCOPE_FAMILY_LEFT_OUT'
  expect(warned.mock.calls).toEqual([
    ['families_of is left out of the exposition: the name families_of is already used by families.of', expect.objectContaining({ code })],
    ['families_in is left out of the exposition: its label names are not distinct: p_q, p_q', expect.objectContaining({ code })],
  ])
})

test('the same name is logged again for another reason', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  selectFamilies([gauge('two.reasons'), gauge('two_reasons')])
  selectFamilies([gauge('two_reasons', ['p.q', 'p_q'])])
  selectFamilies([gauge('other.reasons'), gauge('other_reasons'), gauge('other_reasons')])
  expect(warned).toHaveBeenCalledTimes(3)
})

describe('families whose labels have another order', () => {
  const registryOf = (labelKeys: ('x' | 'y')[], ...rows: [x: string, y: string, n: number][]) => {
    const registry = new MetricRegistry()
    const counter = registry.counter('jobs', { labelKeys })
    for (const [x, y, n] of rows) counter.inc(n, { x, y })
    return registry
  }
  const one = registryOf(['x', 'y'], ['a', 'b', 1], ['c', '', 2])
  const other = registryOf(['y', 'x'], ['a', 'b', 10], ['b', 'a', 20])
  const rowsOf = (registry: MetricRegistry) => registry.getFamilies() as readonly Family[]
  const snapshotsOfAll = (registry: MetricRegistry) => registry.getMetrics() as readonly Metric[]
  const lines = '# TYPE jobs_total counter\njobs_total{x="a",y="b"} 1\njobs_total{x="c"} 2\njobs_total{x="b",y="a"} 20\n'

  beforeEach(() => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  })

  test('are one family, in which the same labels are the same series', async () => {
    const rows = [...rowsOf(one), ...rowsOf(other)]
    const snapshots = [...snapshotsOfAll(one), ...snapshotsOfAll(other)]
    for (const families of [rows, snapshots, [...rowsOf(one), ...snapshotsOfAll(other)]]) {
      expect(String(await bytesOf(textEncoder.encode(families)))).toBe(lines)
    }
    expect(formatText(snapshots)).toBe(lines)
  })

  test('are encoded from the same objects again, so that their text can be cached', () => {
    const registry = registryOf(['y', 'x'], ['q', 'r', 1])
    const rows = () => selectFamilies([...rowsOf(one), ...rowsOf(registry)])
    expect(rows()[0]!.members[1]).toBe(rows()[0]!.members[1])
  })
})

describe('names that clash in OpenMetrics alone', () => {
  const sessions = metric({ name: 'sessions', type: 'GAUGE_INT64' }, [[], 2])
  const total = metric({ name: 'sessions', type: 'CUMULATIVE_INT64' }, [[], 9])
  const created = metric({ name: 'sessions_created', type: 'GAUGE_INT64' }, [[], 7])

  test('a gauge x, a counter x_total and a gauge x_created are all in a text document', async () => {
    const text =
      '# TYPE sessions gauge\nsessions 2\n# TYPE sessions_created gauge\nsessions_created 7\n# TYPE sessions_total counter\nsessions_total 9\n'
    for (const families of [
      [sessions, total, created],
      [created, total, sessions],
    ]) {
      expect(formatText(families)).toBe(text)
      expect(String(await bytesOf(textEncoder.encode(families)))).toBe(text)
      expect([...readProtobuf(await bytesOf(protobufEncoder.encode(families))).keys()]).toEqual([
        'sessions',
        'sessions_created',
        'sessions_total',
      ])
    }
  })

  test('in OpenMetrics the counter loses its type but no samples', async () => {
    for (const [others, lines] of [
      [[sessions], '# TYPE sessions gauge\nsessions 2\n'],
      [[created], '# TYPE sessions_created gauge\nsessions_created 7\n'],
    ] as const) {
      for (const families of [
        [...others, total],
        [total, ...others],
      ]) {
        const text = formatOpenMetrics(families, { created: true })
        expect(text).toBe(`${lines}# TYPE sessions_total unknown\nsessions_total 9\n# EOF\n`)
        expect(String(await bytesOf(openMetricsEncoder({ created: true }).encode(families)))).toBe(text)
        readOpenMetrics(text)
      }
    }
  })

  test('a row source that loses and regains its type is written with its present type', async () => {
    const registry = new MetricRegistry()
    registry.cumulative('sessions').inc()
    const encoder = openMetricsEncoder()
    const write = async (...others: Metric[]) => {
      const rows = (await registry.getFamilies()) as readonly Family[]
      return String(await bytesOf(encoder.encode([...rows, ...others])))
    }
    const typed = '# TYPE sessions counter\nsessions_total 1\n# EOF\n'
    expect(await write()).toBe(typed)
    expect(await write(sessions)).toBe('# TYPE sessions gauge\nsessions 2\n# TYPE sessions_total unknown\nsessions_total 1\n# EOF\n')
    expect(await write()).toBe(typed)
  })
})

describe('names that a type reserves in OpenMetrics', () => {
  const bounds = [1, 10]
  const wait = { kind: 'distribution', count: 3, sum: 15, mean: 5, sumOfSquaredDeviation: 50, bounds, bucketCounts: [1, 2, 0] } as const
  const quantiles = { kind: 'summary', count: 3, sum: 15, quantiles: [{ quantile: 0.5, value: 4 }] } as const
  const histogramOf = (name: string): Metric => metric({ name, type: 'CUMULATIVE_DISTRIBUTION', labelKeys: ['job'] }, [['mail'], wait])
  const summaryOf = (name: string): Metric => metric({ name, type: 'SUMMARY', labelKeys: ['job'] }, [['mail'], quantiles])
  const counterOf = (name: string): Metric => metric({ name, type: 'CUMULATIVE_INT64' }, [[], 9])
  const infoOf = (name: string): Metric => metric({ name, type: 'INFO', labelKeys: ['version'] }, [['2'], 1])

  const untypedHistogram =
    '# TYPE q_bucket unknown\nq_bucket{job="mail",le="1.0"} 1\nq_bucket{job="mail",le="10.0"} 3\nq_bucket{job="mail",le="+Inf"} 3\n' +
    '# TYPE q_count unknown\nq_count{job="mail"} 3\n'
  const untypedSum = '# TYPE q_sum unknown\nq_sum{job="mail"} 15\n'
  const created = '# TYPE q_created gauge\nq_created 1\n'

  test.each<[string, Metric, Metric, string]>([
    ['histogram q, gauge q_created', histogramOf('q'), gauge('q_created'), untypedHistogram + created + untypedSum],
    [
      'summary q, gauge q_created',
      summaryOf('q'),
      gauge('q_created'),
      '# TYPE q unknown\nq{job="mail",quantile="0.5"} 4\n# TYPE q_count unknown\nq_count{job="mail"} 3\n' + created + untypedSum,
    ],
    [
      'summary q, histogram q_created',
      summaryOf('q'),
      histogramOf('q_created'),
      '# TYPE q unknown\nq{job="mail",quantile="0.5"} 4\n# TYPE q_count unknown\nq_count{job="mail"} 3\n' +
        '# TYPE q_created histogram\nq_created_bucket{job="mail",le="1.0"} 1\nq_created_bucket{job="mail",le="10.0"} 3\n' +
        'q_created_bucket{job="mail",le="+Inf"} 3\nq_created_sum{job="mail"} 15\nq_created_count{job="mail"} 3\n' +
        untypedSum,
    ],
    [
      'counter q_created_total, summary q',
      counterOf('q_created'),
      summaryOf('q'),
      '# TYPE q summary\nq{job="mail",quantile="0.5"} 4\nq_sum{job="mail"} 15\nq_count{job="mail"} 3\n' +
        '# TYPE q_created_total unknown\nq_created_total 9\n',
    ],
    [
      'counters q_total and q_created_total',
      counterOf('q'),
      counterOf('q_created'),
      '# TYPE q_created counter\nq_created_total 9\n# TYPE q_total unknown\nq_total 9\n',
    ],
    [
      'counter q_total, info q_created_info',
      counterOf('q'),
      infoOf('q_created'),
      '# TYPE q_created_info gauge\nq_created_info{version="2"} 1\n# TYPE q counter\nq_total 9\n',
    ],
    ['info q_info, gauge q', infoOf('q'), gauge('q'), '# TYPE q gauge\nq 1\n# TYPE q_info gauge\nq_info{version="2"} 1\n'],
    [
      'info q_info, counter q_total',
      infoOf('q'),
      counterOf('q'),
      '# TYPE q_info gauge\nq_info{version="2"} 1\n# TYPE q counter\nq_total 9\n',
    ],
  ])('%s: both are in the document', async (_, one, other, expected) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const text = formatOpenMetrics([one, other])
    expect(text).toBe(`${expected}# EOF\n`)
    readOpenMetrics(text)
    readOpenMetrics(formatOpenMetrics([other, one], { created: true }))
    expect(String(await bytesOf(openMetricsEncoder().encode([one, other])))).toBe(text)
    expect(formatText([one, other])).toBe(formatText([other, one]))
    expect(formatText([one, other]).match(/^# TYPE/gm)).toHaveLength(2)
    expect([...readProtobuf(await bytesOf(protobufEncoder.encode([one, other]))).keys()]).toHaveLength(2)
    expect(warned).not.toHaveBeenCalled()
  })

  test.each(['q_sum', 'q_count', 'q_bucket'])(
    'a gauge %s would be a sample of a histogram q, so that the later one is left out',
    (name) => {
      vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      for (const format of ['text', 'openmetrics'] as const) {
        const chosen = selectFamilies([histogramOf('q'), gauge(name)], format)
        expect(chosen.map(({ exposed }) => [exposed.name, exposed.openMetricsType])).toEqual([['q', 'histogram']])
      }
    },
  )

  test('a histogram that loses its type keeps the series of all producers, and the one of values beyond the limit', () => {
    const rows = (job: string, overflow: boolean): Metric => {
      const one = histogramOf('q')
      return { ...one, timeSeries: one.timeSeries.map((series) => ({ ...series, labelValues: [job], overflow })) }
    }
    const text = formatOpenMetrics([rows('mail', false), gauge('q_created'), rows('print', true)])
    readOpenMetrics(text)
    expect(text).toContain('q_count{job="mail"} 3\nq_count{job="print",tallyscope_overflow="true"} 3\n')
  })
})

describe('one family of several producers', () => {
  const tenant = (name: string, value: number) => {
    const registry = new MetricRegistry({ constantLabels: { tenant: name } })
    registry.cumulative('orders', { labelKeys: ['queue'] }).add(value, { queue: 'mail' })
    return registry.getFamilies() as readonly Family[]
  }

  test('is one family with the series of all if the definitions are equal', async () => {
    const families = [...tenant('a', 1), ...tenant('b', 2)]
    const metrics = snapshotsOf(families, 0)
    const text = '# TYPE orders_total counter\norders_total{queue="mail",tenant="a"} 1\norders_total{queue="mail",tenant="b"} 2\n'
    expect(formatText(metrics)).toBe(text)
    expect(String(await bytesOf(textEncoder.encode(families)))).toBe(text)
    expect(String(await bytesOf(textEncoder.encode([families[0]!, metrics[1]!])))).toBe(text)
    expect(String(await bytesOf(openMetricsEncoder().encode(families)))).toBe(`${text.replace('orders_total', 'orders')}# EOF\n`)
    expect(readProtobuf(await bytesOf(protobufEncoder.encode(families))).get('orders_total')!.metric).toHaveLength(2)
  })

  test('has each series once, that of the first producer; duplicates are counted and logged once', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const families = [...tenant('a', 1), ...tenant('b', 2), ...tenant('a', 3)]
    const text = '# TYPE orders_total counter\norders_total{queue="mail",tenant="a"} 1\norders_total{queue="mail",tenant="b"} 2\n'
    expect(String(await bytesOf(textEncoder.encode(families)))).toBe(text)
    expect(formatText(snapshotsOf(families, 0))).toBe(text)
    const left = internalMetrics.get('tallyscope_prometheus_left_out_series_total')!
    expect(left.series.get(JSON.stringify(['orders_total']))?.count.value).toBe(2)
    expect(warned).toHaveBeenCalledExactlyOnceWith(
      'series of orders_total are left out of the exposition: another producer has series with the same labels',
      expect.objectContaining({ code: 'TALLYSCOPE_FAMILY_LEFT_OUT' }),
    )
  })

  test('comes from the first producer alone if type, unit or label names differ', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const first = metric({ name: 'jobs', type: 'GAUGE_INT64', labelKeys: ['a'] }, [['x'], 1])
    for (const other of [
      metric({ name: 'jobs', type: 'GAUGE_INT64', labelKeys: ['b'] }, [['y'], 2]),
      metric({ name: 'jobs', type: 'GAUGE_INT64', labelKeys: ['a', 'b'] }, [['y', 'z'], 2]),
      metric({ name: 'jobs', type: 'SUMMARY', labelKeys: ['a'] }, [['y'], { kind: 'summary', count: 1, sum: 1, quantiles: [] }]),
    ]) {
      expect(formatText([first, other])).toBe('# TYPE jobs gauge\njobs{a="x"} 1\n')
    }
  })
})
