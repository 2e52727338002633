import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { build, freePort, scrape } from './group-program.js'

// Applications under PM2, with a daemon of the test's own.

const folder = mkdtempSync(join(tmpdir(), 'ts-pm2-'))
const home = join(folder, 'home')
const bin = join(dirname(createRequire(import.meta.url).resolve('pm2/package.json')), 'bin/pm2')
const env = { ...process.env, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true', CI: '1' }
const IN_TIME = { timeout: 20_000, interval: 100 }

const pm2 = (...args: string[]): string =>
  execFileSync(process.execPath, [bin, ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })

beforeAll(build, 120_000)
afterAll(() => {
  pm2('kill')
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

interface App {
  readonly name: string
  readonly urls: () => string[]
}

function start(name: string, mode: 'cluster' | 'fork', instances: number, port?: number): App {
  const urlFolder = join(folder, name)
  mkdirSync(urlFolder)
  const script = join(import.meta.dirname, 'programs/pm2-app.js')
  const settings = { URL_FOLDER: urlFolder, ...(port !== undefined && { SHARED_PORT: String(port) }) }
  const app = { name, script, exec_mode: mode, instances, wait_ready: true, kill_timeout: 5_000, env: settings }
  const file = join(folder, `${name}.json`)
  writeFileSync(file, JSON.stringify({ apps: [app] }))
  pm2('start', file)
  const urls = (): string[] => readdirSync(urlFolder).map((each) => readFileSync(join(urlFolder, each), 'utf8'))
  return { name, urls }
}

async function hit(url: string, times: number): Promise<number> {
  let done = 0
  for (let at = 0; at < times; at++)
    if ((await fetch(url, { headers: { connection: 'close' } }).catch(() => undefined))?.ok === true) done++
  return done
}

/** What six scrapes show; one that fails is left out. */
async function pages(url: string): Promise<Record<string, number>[]> {
  const all: Record<string, number>[] = []
  for (let at = 0; at < 6; at++) {
    const page = await scrape(`${url}/metrics`).catch(() => undefined)
    if (page !== undefined) all.push(Object.fromEntries(page))
  }
  return all
}

const six = (hits: number, instances: number): Record<string, number>[] =>
  Array.from({ length: 6 }, () => ({ shop_hits_total: hits, shop_instances: instances }))
const pidsOf = (name: string): number[] =>
  (JSON.parse(pm2('jlist')) as { name: string; pid: number }[]).filter((each) => each.name === name).map(({ pid }) => pid)

test('the instances of an application have common totals after start, reload, scale and SIGKILL', { timeout: 180_000 }, async () => {
  const port = await freePort()
  const { name, urls } = start('clustered', 'cluster', 4, port)
  const url = `http://127.0.0.1:${port}`
  await expect.poll(() => urls().length, IN_TIME).toBe(4)
  let hits = await hit(url, 40)
  expect(hits).toBe(40)
  await expect.poll(() => pages(url), IN_TIME).toEqual(six(hits, 4))

  pm2('reload', name) // each instance ends by itself and loses nothing
  await expect.poll(() => pages(url), IN_TIME).toEqual(six(hits, 4))
  hits += await hit(url, 20)
  await expect.poll(() => pages(url), IN_TIME).toEqual(six(hits, 4))

  pm2('scale', name, '2')
  await expect.poll(() => pages(url), IN_TIME).toEqual(six(hits, 2))

  const [killed, other] = pidsOf(name)
  process.kill(killed!, 'SIGKILL')
  await expect.poll(() => pidsOf(name).filter((pid) => pid > 0 && pid !== killed).length, IN_TIME).toBe(2)
  expect(pidsOf(name)).toContain(other)
  hits += await hit(url, 10)
  await expect.poll(() => pages(url), IN_TIME).toEqual(six(hits, 2))
})

test('instances in fork mode have common totals, and two applications are separate', { timeout: 180_000 }, async () => {
  const forked = start('forked', 'fork', 3)
  const other = start('other', 'fork', 1)
  await expect.poll(() => [forked.urls().length, other.urls().length], IN_TIME).toEqual([3, 1])
  for (const [at, url] of forked.urls().entries()) await hit(url, at + 1)
  await hit(other.urls()[0]!, 7)
  for (const url of forked.urls()) await expect.poll(() => pages(url), IN_TIME).toEqual(six(6, 3))
  await expect.poll(() => pages(other.urls()[0]!), IN_TIME).toEqual(six(7, 1))
})

test('instances that load tallyscope/auto by their node_args have common totals', { timeout: 180_000 }, async () => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const auto = join(import.meta.dirname, '../../dist/esm/integrations/auto/index.js')
  const file = join(folder, 'untouched.json')
  const app = {
    name: 'untouched',
    script: join(import.meta.dirname, 'programs/pm2-untouched-app.js'),
    exec_mode: 'cluster',
    instances: 3,
    wait_ready: true,
    node_args: `--import ${auto}`,
    env: { SHARED_PORT: String(port), TALLYSCOPE_CLUSTER: 'on', TALLYSCOPE_PROMETHEUS_PORT: String(metricsPort) },
  }
  writeFileSync(file, JSON.stringify({ apps: [app] }))
  pm2('start', file)
  expect(await hit(`http://127.0.0.1:${port}`, 9)).toBe(9)
  const row = 'http_server_duration_seconds_count{method="GET",route="unmatched",status="200",outcome="ok"}'
  const counts = async () => (await pages(`http://127.0.0.1:${metricsPort}`)).map((page) => page[row])
  await expect.poll(counts, IN_TIME).toEqual(Array.from({ length: 6 }, () => 9))
})
