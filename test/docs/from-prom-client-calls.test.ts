// docs/from-prom-client.md names every call that prom-client's types declare, and ours that it names exist.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as cluster from '../../src/cluster/index.js'
import * as prometheus from '../../src/exporters/prometheus/index.js'
import * as tallyscope from '../../src/index.js'
import * as testing from '../../src/testing/index.js'

const root = join(import.meta.dirname, '../..')
const types = readFileSync(join(root, 'node_modules/prom-client/index.d.ts'), 'utf8')
const rows = readFileSync(join(root, 'docs/from-prom-client.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| prom-client |'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
const theirs = rows.map((cells) => cells[1]).join('\n')
const ours = rows.map((cells) => cells[2]).join('\n')

/** Methods, properties and options of prom-client's classes, and its exports. */
const members = [...types.matchAll(/^\t+(?:static |readonly )*(\w+)(?:<.*>)?\??[(:]/gm)].map((match) => match[1]!)
const exported = [...types.matchAll(/^export (?:class|const|function) (\w+)/gm)].map((match) => match[1]!)
/** Fields of what calls return, names of parameters, and words of comments. */
const NO_CALLS = new Set([
  'constructor',
  'defaultLabel',
  'metricName',
  'values',
  'type',
  'value',
  'metricsArr',
  'regs',
  'key',
  'params',
  'config',
])
const called = [...new Set([...members, ...exported])].filter((name) => !NO_CALLS.has(name))

test('the types of prom-client can be read', () => {
  expect(called).toEqual(
    expect.arrayContaining(['getSingleMetricAsString', 'clusterMetrics', 'startTimer', 'zero', 'pushAdd', 'ageBuckets']),
  )
  expect(exported).toEqual(expect.arrayContaining(['AggregatorRegistry', 'linearBuckets', 'collectDefaultMetrics', 'validateMetricName']))
  expect(called.length).toBeGreaterThan(50)
})

test.each(called)('the page names %s of prom-client', (name) => {
  expect(theirs).toMatch(new RegExp(`(?<!\\w)${name}(?!\\w)`))
})

const registry = new tallyscope.MetricRegistry()
const gateway = new prometheus.PushGatewayExporter({ url: 'http://127.0.0.1:9091', job: 'none' })
const { Stats, stats } = tallyscope
const owners: Readonly<Record<string, object>> = {
  registry,
  gateway,
  stats,
  viewManager: stats.viewManager,
  counter: registry.counter('c'),
  gauge: registry.gauge('g'),
  histogram: registry.histogram('h', { unit: 's' }),
  metric: registry.summary('m'),
  timer: registry.histogram('h', { unit: 's' }).startTimer(),
  view: new Stats().registerView({ name: 'v', measure: 'v', aggregation: tallyscope.count() }),
}

test.each(Object.keys(owners))('the methods of `%s` that the page names exist', (owner) => {
  const named = [...ours.matchAll(new RegExp(`(?<!\\w)${owner}\\.(\\w+)\\(`, 'g'))].map((match) => match[1]!)
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter((name) => !(name in owners[owner]!))).toEqual([])
})

test('the functions and classes that the page names are exported', () => {
  const all = { ...tallyscope, ...prometheus, ...testing, ...cluster }
  const named = [...ours.matchAll(/(?<![\w.])(?:new )?(\w+)\(/g)].map((match) => match[1]!)
  const methods = new Set(['set', 'inc', 'dec', 'observe', 'removeMatching', 'clear', 'derivedCumulative'])
  expect(named.length).toBeGreaterThan(10)
  expect([...new Set(named)].filter((name) => !(name in all) && !methods.has(name))).toEqual([])
})
