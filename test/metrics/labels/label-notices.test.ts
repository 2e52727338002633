import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { count, MetricRegistry, Stats, TagMap, withTags } from '../../../src/index.js'
import { selfValue } from '../../exporters/self-value.js'

let warnings: string[] = []
const hear = (warning: Error & { code?: string }): void => void warnings.push(`${warning.code} ${warning.message}`)
beforeEach(() => {
  warnings = []
  process.on('warning', hear)
})
afterEach(() => void process.off('warning', hear))
const heard = async (): Promise<string[]> => {
  await new Promise((resolve) => setImmediate(resolve))
  return warnings.filter((text) => /TAG|OVERFLOW|UNIT/.test(text))
}

const unknown = (name: string, key: string): number => selfValue('tallyscope_unknown_tags_total', name, key)
const missing = (name: string, key: string): number => selfValue('tallyscope_missing_tags_total', name, key)

function setUp(name: string, tagKeys: readonly string[] | null = ['method', 'route']) {
  const stats = new Stats()
  const measure = stats.measure(name, tagKeys === null ? {} : { tagKeys })
  stats.registerView({ name, measure, tagKeys: ['method', 'route'], aggregation: count() })
  return { stats, measure }
}

describe('warnings of mistaken tags', () => {
  test('are counted when their row is made, and logged once with a hint', async () => {
    const { stats, measure } = setUp('typo')
    for (let n = 0; n < 3; n++) stats.record(measure, 1, { mehtod: 'GET', route: '/' } as never)
    expect([unknown('typo', 'mehtod'), missing('typo', 'method')]).toEqual([1, 1])
    expect(await heard()).toEqual(['TALLYSCOPE_UNKNOWN_TAG typo was given the unknown tag "mehtod" (perhaps method)'])
  })

  test('include declared ones missing in the record and the async context', async () => {
    const { stats, measure } = setUp('lacking')
    withTags(TagMap.of({ method: 'GET', tenant: 'acme' }), () => stats.record(measure, 1))
    expect([missing('lacking', 'route'), missing('lacking', 'method'), unknown('lacking', 'tenant')]).toEqual([1, 0, 0])
    expect(await heard()).toEqual([
      'TALLYSCOPE_MISSING_TAG lacking was recorded without the tag "route", which neither the call nor the async context has',
    ])
  })

  test('exclude those explicitly unset', async () => {
    const { stats, measure } = setUp('unset')
    stats.record(measure, 1, { method: 'GET', route: undefined })
    expect([missing('unset', 'route'), await heard()]).toEqual([0, []])
  })

  test('exclude those that another view of the measure has', async () => {
    const { stats, measure } = setUp('other', ['method', 'route', 'status'])
    stats.record(measure, 1, { method: 'GET', route: '/', status: '200' })
    expect([unknown('other', 'status'), await heard()]).toEqual([0, []])
  })

  test('are only those similar to a missing one, for a measure without tag keys', async () => {
    const { stats, measure } = setUp('open', null)
    stats.record(measure, 1, { method: 'GET', route: '/', colour: 'red' })
    stats.record(measure, 1, { method: 'GET', rout: '/', colour: 'red' })
    expect([unknown('open', 'colour'), unknown('open', 'rout'), missing('open', 'route')]).toEqual([0, 1, 0])
    expect(await heard()).toEqual(['TALLYSCOPE_UNKNOWN_TAG open was given the unknown tag "rout" (perhaps route)'])
  })

  test('are reported for labels of instruments too', async () => {
    const gauge = new MetricRegistry().gauge('depth/notices', { labelKeys: ['queue'] })
    gauge.set(1, { queu: 'mail' } as never)
    gauge.set(1, {} as never)
    expect([unknown('depth/notices', 'queu'), missing('depth/notices', 'queue')]).toEqual([1, 1])
    expect(await heard()).toEqual(['TALLYSCOPE_UNKNOWN_TAG depth/notices was given the unknown tag "queu" (perhaps queue)'])
  })

  test('never make a record throw', () => {
    const { stats, measure } = setUp('hostile')
    const tags = new Proxy(
      { method: 'GET', route: '/' },
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    )
    expect(() => stats.record(measure, 1, tags)).not.toThrow()
  })
})

test('a full view warns once and names the tag with the most values', async () => {
  const stats = new Stats({ limits: { rowsPerView: 5 } })
  const measure = stats.measure('full', { tagKeys: ['user', 'method'] })
  stats.registerView({ name: 'full/view', measure, tagKeys: ['user', 'method'], aggregation: count() })
  for (let user = 0; user < 20; user++) stats.record(measure, 1, { user, method: user % 2 ? 'GET' : 'PUT' })
  expect(await heard()).toEqual([
    'TALLYSCOPE_OVERFLOW full/view has reached its limit of 5 rows, further ones are added up in one; tag "user" has 5 values',
  ])
})

test.each([
  ['seconds', 's'],
  ['Bytes', 'By'],
  ['B', 'By'],
])('the unit %s is logged with its code %s', async (unit, code) => {
  new Stats().measure(`unit/${unit}`, { unit })
  expect(await heard()).toEqual([`TALLYSCOPE_UNIT unit "${unit}" of measure unit/${unit} is not a UCUM code (perhaps ${code})`])
})

test('measures without a view are counted by an internal gauge', () => {
  const before = selfValue('tallyscope_measures_without_view')
  const now = () => selfValue('tallyscope_measures_without_view') - before
  const stats = new Stats()
  const measure = stats.measure('alone')
  const first = now()
  stats.registerView({ name: 'v', measure, aggregation: count() })
  const second = now()
  stats.viewManager.unregisterView('v')
  expect([first, second, now()]).toEqual([1, 0, 1])
})
