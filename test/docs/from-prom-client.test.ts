import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseSamples, parseTypes } from '../integrations/prom-client/parse-samples.js'

const root = join(import.meta.dirname, '../..')
// Inside the checkout, so that the programs import the package by its own name.
const folder = join(root, `.run/from-prom-client-${process.pid}`)
const diff = /^```diff\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, 'docs/from-prom-client.md'), 'utf8'))![1]!
const side = (without: string) =>
  diff
    .split('\n')
    .filter((line) => !line.startsWith(without))
    .map((line) => line.slice(1))
    .join('\n')

/** As Prometheus 2.42 sends it. */
const PROMETHEUS_ACCEPT =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'

const running: ChildProcess[] = []

beforeAll(() => {
  spawnSync(process.execPath, ['scripts/build.js'], { cwd: root })
  mkdirSync(folder, { recursive: true })
}, 60_000)

afterAll(() => {
  for (const child of running) child.kill()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a program, sends it the requests, and reads its metrics. */
async function metricsOf(name: string, code: string): Promise<string> {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, code)
  const child = spawn(process.execPath, [file], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(child)
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
  })
  for (const path of ['/cart/1', '/cart/2', '/cart/3', '/nowhere']) await (await fetch(url + path)).text()
  for (let times = 0; times < 3; times++) await (await fetch(`${url}/cart`, { method: 'POST' })).text()
  return (await fetch(`${url}/metrics`, { headers: { accept: PROMETHEUS_ACCEPT } })).text()
}

test('the migrated service exposes the same series to Prometheus as before', async () => {
  const [before, after] = await Promise.all([metricsOf('before', side('+')), metricsOf('after', side('-'))])
  const [theirs, ours] = [parseSamples(before), parseSamples(after)]

  // What keeps the event loop alive, and which collections there were, is different in two processes.
  const steady = (name: string) => !/^nodejs_active_|^nodejs_gc_|^nodejs_heap_space/.test(name)
  expect([...theirs.keys()].filter((series) => steady(series) && !ours.has(series))).toEqual([])

  const types = parseTypes(after)
  const missing = Object.entries(parseTypes(before)).filter(([name, type]) => types[name] !== type)
  // They announce families that have no samples.
  expect(missing.filter(([name]) => [...theirs.keys()].some((series) => series.startsWith(`${name}{`)))).toEqual([])

  const exact = [...theirs].filter(([series]) =>
    /^(http_requests_total|carts_open|http_\w+_count|http_response_size_bytes_sum)\{/.test(series),
  )
  expect(exact).toHaveLength(13)
  for (const [series, value] of exact) expect(ours.get(series), series).toBe(value)
  const quantiles = [...theirs].filter(([series]) => series.startsWith('http_response_size_bytes{'))
  expect(quantiles).toHaveLength(6)
  for (const [series, value] of quantiles) expect(Math.abs(ours.get(series)! - value), series).toBeLessThanOrEqual(0.5 + value / 100)
})
