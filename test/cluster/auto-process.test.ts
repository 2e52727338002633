import { afterEach, beforeAll, expect, test } from 'vitest'
import { build, freePort, GroupProgram, scrape } from './group-program.js'

beforeAll(build, 120_000)

let program: GroupProgram | undefined
afterEach(async () => {
  await program?.kill()
  program = undefined
})

async function start(env: NodeJS.ProcessEnv): Promise<{ url: string; ids: number[] }> {
  const port = String(await freePort())
  program = new GroupProgram('plain-fastify.js', { workers: 3, port }, { NODE_OPTIONS: '--import tallyscope/auto', ...env })
  const ready = (): number[] => program!.facts.filter((fact) => fact['ready'] === true).map(({ worker }) => worker as number)
  await expect.poll(() => ready().length, { timeout: 20_000 }).toBe(3)
  return { url: `http://127.0.0.1:${port}`, ids: ready() }
}

async function hello(url: string, times: number): Promise<void> {
  for (let at = 0; at < times; at++) expect(await (await fetch(`${url}/hello`, { headers: { connection: 'close' } })).text()).toBe('hello')
}

const served = (page: Map<string, number>): number => {
  const counts = [...page].filter(([series]) => /^http_server_duration\w*_count\{.*route="\/hello"/.test(series))
  return counts.reduce((sum, [, value]) => sum + value, 0)
}
const pages = async (url: string): Promise<number[]> => {
  const all: number[] = []
  for (let at = 0; at < 6; at++) all.push(served(await scrape(`${url}/metrics`)))
  return all
}

test('with TALLYSCOPE_CLUSTER each worker serves the metrics of all workers', { timeout: 60_000 }, async () => {
  const { url, ids } = await start({ TALLYSCOPE_CLUSTER: 'on' })
  await hello(url, 30)
  await expect.poll(() => pages(url), { timeout: 10_000 }).toEqual(Array.from({ length: 6 }, () => 30))
  program!.command({ kill: ids[0] })
  await program!.fact((fact) => fact['gone'] === ids[0])
  await hello(url, 10)
  await expect.poll(() => pages(url).catch(() => []), { timeout: 15_000 }).toEqual(Array.from({ length: 6 }, () => 40))
})

test('without it each worker serves its own metrics', { timeout: 60_000 }, async () => {
  const { url } = await start({})
  await hello(url, 30)
  expect(Math.max(...(await pages(url)))).toBeLessThan(30)
})
