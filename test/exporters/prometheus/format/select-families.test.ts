import { afterEach, describe, expect, test, vi } from 'vitest'
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
    ['families_of is left out of the exposition: families_of is already the name of families.of', expect.objectContaining({ code })],
    ['families_in is left out of the exposition: its labels would not differ: p_q, p_q', expect.objectContaining({ code })],
  ])
})

test('the same name is logged again for another reason', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  selectFamilies([gauge('two.reasons'), gauge('two_reasons')])
  selectFamilies([gauge('two_reasons', ['p.q', 'p_q'])])
  selectFamilies([gauge('other.reasons'), gauge('other_reasons'), gauge('other_reasons')])
  expect(warned).toHaveBeenCalledTimes(3)
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
      'series of orders_total are left out of the exposition: another producer has series of the same labels',
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
