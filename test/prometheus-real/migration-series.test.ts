// What a real Prometheus, with its own Accept header, stores of a service before and after it moved by the steps of the pages.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { markdownPrograms } from '../../scripts/markdown-programs.js'
import { build } from '../exporters/child-program.js'
import { Prometheus } from './prometheus.js'
import { describeWith, RunningProgram } from './real-program.js'

const root = join(import.meta.dirname, '../..')
// Inside the checkout, so that the programs import the package by its own name.
const folder = join(root, `.run/migration-series-${process.pid}`)

/** The program of a page up to a line: what sends requests there is ours here. */
function setupOf(page: string, end: string): string {
  const { code } = markdownPrograms(readFileSync(join(root, 'docs', page), 'utf8'))[0]!
  expect(code).toContain(end)
  return code.split(end)[0]!
}

const FASTIFY = `
app.get('/list', async () => [])
app.get('/boom', async (_request, reply) => reply.code(500).send('planned'))
const url = await app.listen({ port: 0, host: '127.0.0.1' })
for (const path of ['/carts/1', '/carts/2', '/list', '/boom', '/nowhere']) await (await fetch(url + path)).text()
console.log(url + '/metrics')
`
const EXPRESS = `
app.get('/list', (request, response) => response.send('none'))
app.get('/boom', (request, response) => response.status(500).send('planned'))
const server = app.listen(0, '127.0.0.1', async () => {
  const url = 'http://127.0.0.1:' + server.address().port
  for (const path of ['/list', '/list', '/boom']) await (await fetch(url + path)).text()
  console.log(url + '/metrics')
})
`
const SERVICE = join(root, 'examples/ten-tasks/8-migration/service.js')

interface Migration {
  readonly before: string
  readonly after: string
  /** Families that are compared sample by sample. */
  readonly own: RegExp
}

const migrations: Readonly<Record<string, Migration>> = {
  'prom-client': {
    before: `process.argv[2] = 'prom-client'; process.argv[3] = 'stay'; await import('${SERVICE}')`,
    after: `process.argv[2] = 'tallyscope'; process.argv[3] = 'stay'; await import('${SERVICE}')`,
    own: /^(orders|mails|carts|billing|upload|checkout)_/,
  },
  'fastify-metrics': {
    before: `
import fastify from 'fastify'
import fastifyMetrics from 'fastify-metrics'
const app = fastify()
await app.register(fastifyMetrics.default ?? fastifyMetrics, { endpoint: '/metrics' })
app.get('/carts/:id', async (request) => request.params)
${FASTIFY}`,
    after:
      setupOf('from-fastify-metrics.md', 'await app.inject(').replace(
        '[...fastifyMetricsViews, ...httpServerViews]',
        'fastifyMetricsViews',
      ) + FASTIFY,
    own: /^http_request_/,
  },
  'express-prom-bundle': {
    before: `
import express from 'express'
import promBundle from 'express-prom-bundle'
const app = express()
app.use(promBundle({ includeMethod: true, includePath: true }))
${EXPRESS}`,
    after: setupOf('from-express-prom-bundle.md', 'const server = app.listen(') + EXPRESS,
    own: /^http_request_/,
  },
}

/** What the pages say is different: fastify-metrics counts scrapes, and leaves out what no route answers. */
const DIFFERENT = new Set(['/metrics', '__unknown__'])

/** Of this Prometheus, and of what differs from process to process: what keeps an event loop alive, which collections there were. */
const NOT_COMPARED = /^(up$|scrape_|nodejs_active_|nodejs_gc_|nodejs_heap_space|tallyscope_)/
/** Labels that Prometheus adds. */
const TARGET = new Set(['instance', 'job'])
/** Time that passed. */
const TIMED = /_(bucket|sum)$|^http_request_summary_seconds$/

type Series = Map<string, number>

describeWith(['prometheus'], 'services before and after their migration, scraped by a real Prometheus', () => {
  const programs: RunningProgram[] = []
  const hosts: Record<string, [before: string, after: string]> = {}
  let prometheus: Prometheus

  beforeAll(async () => {
    build()
    mkdirSync(folder, { recursive: true })
    const start = async (name: string, code: string): Promise<URL> => {
      const file = join(folder, `${name}.mjs`)
      writeFileSync(file, code)
      const program = new RunningProgram(process.execPath, [file], { cwd: root })
      programs.push(program)
      return new URL(await program.until('its URL', () => /^http:\S+$/m.exec(program.output)?.[0]))
    }
    const targets: URL[] = []
    for (const [name, { before, after }] of Object.entries(migrations)) {
      const urls = [await start(`${name}-before`, before), await start(`${name}-after`, after)] as const
      hosts[name] = [urls[0].host, urls[1].host]
      targets.push(...urls)
    }
    prometheus = await Prometheus.start(targets)
    await prometheus.until(`count(sum_over_time(up[1m]) >= 2) == ${targets.length}`)
  }, 240_000)

  afterAll(async () => {
    await prometheus?.stop()
    for (const program of programs) await program.stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  async function seriesOf(host: string): Promise<Series> {
    const samples = await prometheus.query(`{instance="${host}"}`)
    return new Map(
      samples
        .filter(({ labels }) => !NOT_COMPARED.test(labels['__name__']!) && !DIFFERENT.has(labels['route'] ?? ''))
        .map(({ labels, value }) => [
          JSON.stringify(
            Object.entries(labels)
              .filter(([key]) => !TARGET.has(key))
              .sort(),
          ),
          value,
        ]),
    )
  }
  const nameOf = (series: string) => Object.fromEntries(JSON.parse(series) as [string, string][])['__name__']!

  test.each(Object.keys(migrations))('%s: every series exists with the same name and labels', async (name) => {
    const [before, after] = [await seriesOf(hosts[name]![0]), await seriesOf(hosts[name]![1])]
    expect(before.size).toBeGreaterThan(10)
    expect([...before.keys()].filter((series) => !after.has(series))).toEqual([])
  })

  test.each(Object.keys(migrations))('%s: the metrics of the application have no further series, and the same values', async (name) => {
    const { own } = migrations[name]!
    const ownOf = (all: Series) => [...all].filter(([series]) => own.test(nameOf(series)))
    const [before, after] = [ownOf(await seriesOf(hosts[name]![0])), ownOf(await seriesOf(hosts[name]![1]))]
    expect(before.length).toBeGreaterThan(8)
    expect(after.map(([series]) => series).sort()).toEqual(before.map(([series]) => series).sort())
    const steady = before.filter(([series]) => !TIMED.test(nameOf(series)))
    expect(steady.length).toBeGreaterThan(1)
    const values = new Map(after)
    for (const [series, value] of steady) expect(values.get(series), series).toBe(value)
  })
})
