import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StatsdExporter } from '../../../src/exporters/statsd/index.js'
import { gatherFamilies } from '../../../src/metrics/collection/gather.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { describeWith, freePort, RunningProgram } from '../../prometheus-real/real-program.js'
import { randomNumbers } from '../random.js'

const root = join(import.meta.dirname, '../../..')
const EXPORTS = 20
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-statsd-real-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A registry that counts in many rows, and the totals by the names that servers have for them. */
function counting(seed: number) {
  const registry = new MetricRegistry()
  const jobs = registry.cumulative('jobs/done', { labelKeys: ['queue'] })
  const bytes = registry.histogram('answer/bytes', { bounds: [10, 100, 1_000], labelKeys: ['queue'] })
  const depth = registry.gauge('queue/depth', { labelKeys: ['queue'] })
  const random = randomNumbers(seed)
  const totals = new Map<string, number>()
  const depths = new Map<string, number>()
  const add = (name: string, by: number) => totals.set(name, (totals.get(name) ?? 0) + by)
  const work = (nameOf: (name: string, queue: string) => string) => {
    for (let i = 0; i < 2_000; i++) {
      const queue = `q${Math.floor(random() * 300)}`
      const by = Math.floor(random() * 1_000)
      jobs.add(by, { queue })
      add(nameOf('jobs.done', queue), by)
      bytes.observe(by, { queue })
      add(nameOf('answer.bytes.count', queue), 1)
      add(nameOf('answer.bytes.sum', queue), by)
      depth.set(500 - by, { queue })
      depths.set(nameOf('queue.depth', queue), 500 - by)
    }
  }
  return { registry, totals, depths, work }
}

/** The bytes that wait in the socket of a UDP receiver; 0 if the system has no such table. */
function queuedBytes(port: number): number {
  if (!existsSync('/proc/net/udp')) return 0
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  const line = readFileSync('/proc/net/udp', 'utf8')
    .split('\n')
    .find((each) => each.includes(local))
  return line === undefined ? 0 : parseInt(line.trim().split(/\s+/)[4]!.split(':')[1]!, 16)
}

/** Exports 20 times. UDP has no back-pressure: the receiver must read one export before it gets the next, or its buffer overflows. */
async function exportAll(exporter: StatsdExporter, registry: MetricRegistry, port: number, work: () => void): Promise<void> {
  for (let at = 0; at < EXPORTS; at++) {
    work()
    await exporter.exportFamilies(await gatherFamilies([registry]))
    await expect.poll(() => queuedBytes(port)).toBe(0)
  }
  await exporter.shutdown()
}

/** Without those that stayed at 0, which are never sent. */
const positive = (all: Map<string, number>) => Object.fromEntries([...all].filter(([, value]) => value !== 0).sort())

test('statsd 0.9 receives the exact sums of 20 exports, and negative gauges', async () => {
  const [port, managementPort] = [await freePort(), await freePort()]
  const config = join(folder, 'statsd.js')
  // It flushes and forgets its counters each interval, so the interval is long.
  writeFileSync(
    config,
    `({ address: '127.0.0.1', port: ${port}, mgmt_address: '127.0.0.1', mgmt_port: ${managementPort}, backends: [], flushInterval: 3600000 })`,
  )
  // Node 23 removed `util.log`, which statsd 0.9 calls when it starts.
  const preload = join(folder, 'util-log.cjs')
  writeFileSync(preload, `require('node:util').log ??= console.log\n`)
  const program = join(root, 'node_modules/statsd/stats.js')
  const server = new RunningProgram(process.execPath, ['--require', preload, program, config])
  const ask = async (what: string): Promise<Record<string, number>> => {
    const socket = connect(managementPort, '127.0.0.1')
    socket.write(`${what}\n`)
    let answer = ''
    for await (const chunk of socket) {
      answer += String(chunk)
      if (answer.includes('END')) break
    }
    const pairs = answer.matchAll(/^ *'?([^'\s:]+)'?: (-?[\d.]+),?$/gm)
    return Object.fromEntries(Array.from(pairs, ([, name, value]) => [name!, Number(value)]))
  }
  try {
    await server.until('the management port', () => ask('counters').catch(() => undefined))
    const { registry, totals, depths, work } = counting(1)
    const exporter = new StatsdExporter({ port, tagStyle: 'graphite' })
    await exportAll(exporter, registry, port, () => work((name, queue) => `${name};queue=${queue}`))
    const expected = positive(totals)
    const counters = async () =>
      Object.fromEntries(
        Object.entries(await ask('counters'))
          .filter(([name, value]) => !name.startsWith('statsd.') && value !== 0)
          .sort(),
      )
    await server
      .until('all lines', async () => (JSON.stringify(await counters()) === JSON.stringify(expected) ? true : undefined), 5_000)
      .catch(() => {})
    expect(await counters()).toEqual(expected)
    const { timestamp_lag: _, ...gauges } = Object.fromEntries(
      Object.entries(await ask('gauges')).map(([name, value]) => [name.replace('statsd.', ''), value]),
    )
    expect(gauges).toEqual(Object.fromEntries(depths))
    expect((await ask('counters'))['statsd.bad_lines_seen']).toBe(0)
  } finally {
    await server.stop()
  }
})

describeWith(['collectd'], 'collectd', () => {
  test('collectd receives the exact sums of 20 exports', async () => {
    const port = await freePort()
    const data = join(folder, 'collectd')
    mkdirSync(data)
    const config = join(folder, 'collectd.conf')
    writeFileSync(
      config,
      `Hostname "here"
BaseDir "${data}"
PIDFile "${data}/pid"
PluginDir "/usr/lib/collectd"
TypesDB "/usr/share/collectd/types.db"
Interval 1
LoadPlugin logfile
LoadPlugin statsd
LoadPlugin csv
<Plugin logfile>
  File STDOUT
</Plugin>
<Plugin statsd>
  Host "127.0.0.1"
  Port "${port}"
</Plugin>
<Plugin csv>
  DataDir "${data}/csv"
  StoreRates false
</Plugin>
`,
    )
    const server = new RunningProgram('collectd', ['-f', '-C', config])
    const read = (): Record<string, number> => {
      const values: Record<string, number> = {}
      const folder = join(data, 'csv/here/statsd')
      for (const file of readdirSync(folder)) {
        const [, name] = /^derive-(.+)-\d{4}-\d\d-\d\d$/.exec(file) ?? []
        if (name !== undefined) values[name] = Number(readFileSync(join(folder, file), 'utf8').trim().split('\n').at(-1)!.split(',')[1])
      }
      return Object.fromEntries(
        Object.entries(values)
          .filter(([, value]) => value !== 0)
          .sort(),
      )
    }
    try {
      await server.until('the start', () => (server.output.includes('Initialization complete') ? true : undefined))
      const { registry, totals, work } = counting(2)
      const exporter = new StatsdExporter({ port, tagStyle: 'none' })
      await exportAll(exporter, registry, port, () => work((name, queue) => `${name}.${queue}`))
      const expected = positive(totals)
      await server
        .until(
          'all values',
          () => {
            try {
              return JSON.stringify(read()) === JSON.stringify(expected) ? true : undefined
            } catch {
              return undefined // no file yet
            }
          },
          15_000,
        )
        .catch(() => {})
      expect(read()).toEqual(expected)
    } finally {
      await server.stop()
    }
  })
})
