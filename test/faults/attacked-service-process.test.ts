import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { get as httpsGet } from 'node:https'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { build, ChildProgram } from '../exporters/child-program.js'
import { Authority } from '../exporters/sending/certificates.js'
import { figure } from './amount.js'

const HONEST_SCRAPES = 20
const STALLED = { rows: 8_000, maxBytes: 100_000_000 }
const SMALL = { rows: 300, maxBytes: 100_000_000 }
const GUARDED = { ...SMALL, guardMs: 100 }
/** On a processor that others use, connections wait in memory of OpenSSL. */
const BACKLOG = { rows: 300, maxBytes: 200_000_000 }

interface State {
  readonly memory: NodeJS.MemoryUsage
  readonly cpu: NodeJS.CpuUsage
  readonly exports: { readonly whole: number; readonly partial: number }
}

const cleanUp: (() => unknown)[] = []
const certificate = new Authority().issue('127.0.0.1')
beforeAll(build, 120_000)
afterEach(async () => {
  for (const each of cleanUp.splice(0).toReversed()) await each()
})

/** A service in a process of its own, which was scraped, exports every half second and is idle otherwise. */
class Service {
  readonly #way: string
  port = 0

  constructor(way: string) {
    this.#way = way
  }

  get isTls(): boolean {
    return this.#way.endsWith('TLS')
  }

  async start(rows: number, guardMs: number): Promise<State> {
    const program = new ChildProgram('../../faults/programs/attacked.js', { way: this.#way, certificate, rows, guardMs })
    cleanUp.push(() => {
      program.kill('SIGKILL')
      return program.ended
    })
    await program.says('\n')
    this.port = Number(/at (\d+)/.exec(program.stdout)![1])
    // The heap of V8 grows in the first seconds, attacked or not.
    for (let at = 0; at < HONEST_SCRAPES; at++) await this.get('/metrics')
    await this.exported(4)
    return this.state()
  }

  /** Resolves after so many exports. */
  async exported(count: number): Promise<void> {
    await expect.poll(async () => (await this.state()).exports.whole, { timeout: 60_000 }).toBeGreaterThanOrEqual(count)
  }

  async attack(kind: string): Promise<void> {
    const program = join(import.meta.dirname, 'programs/attack.js')
    const child: ChildProcess = spawn(process.execPath, [program, String(this.port), kind, this.isTls ? 'tls' : 'plain'])
    cleanUp.push(() => {
      child.kill('SIGKILL')
      return once(child, 'close')
    })
    await once(child.stdout!, 'data')
  }

  async get(path: string): Promise<{ status: number | undefined; text: string }> {
    if (this.#way.startsWith('HTTP/2')) return this.#getByHttp2(path)
    const options = { port: this.port, host: '127.0.0.1', path, agent: false as const, rejectUnauthorized: false }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = this.isTls ? httpsGet(options, resolve) : httpGet(options, resolve)
      request.on('error', reject)
    })
    return { status: response.statusCode, text: await textOf(response) }
  }

  /** With the windows that Prometheus announces, on a connection of its own. */
  async #getByHttp2(path: string): Promise<{ status: number | undefined; text: string }> {
    const session = connectHttp2(`https://127.0.0.1:${this.port}`, { rejectUnauthorized: false, settings: { initialWindowSize: 4 << 20 } })
    cleanUp.push(() => session.destroy())
    session.once('connect', () => session.setLocalWindowSize(1 << 30))
    const stream = session.request({ ':path': path })
    let status: number | undefined
    stream.once('response', (given) => (status = given[':status']))
    const text = await textOf(stream)
    session.destroy()
    return { status, text }
  }

  async state(): Promise<State> {
    return JSON.parse((await this.get('/state')).text)
  }
}

interface HonestScrapes {
  readonly tookMs: readonly number[]
  /** Processor time of the service during each scrape, in milliseconds. */
  readonly workMs: readonly number[]
}

/** Scrapes as an honest scraper does, and expects whole documents. */
async function scrapeHonestly(service: Service): Promise<HonestScrapes> {
  const tookMs: number[] = []
  const workMs: number[] = []
  for (let at = 0; at < HONEST_SCRAPES; at++) {
    const before = await service.state()
    const startMs = performance.now()
    const { status, text } = await service.get('/metrics')
    tookMs.push(performance.now() - startMs)
    const { cpu } = await service.state()
    workMs.push((cpu.user + cpu.system - before.cpu.user - before.cpu.system) / 1_000)
    expect([status, ['many', 'slow'].filter((name) => !text.includes(`# TYPE ${name} `))]).toEqual([200, []])
    await delay(50)
  }
  const sorted = (values: number[]): number[] => values.toSorted((a, b) => a - b)
  return { tookMs: sorted(tookMs), workMs: sorted(workMs) }
}

const ATTACKS: [way: string, kind: string, service: { rows: number; maxBytes: number; guardMs?: number }][] = [
  ...['node', 'fetch', 'Fastify'].flatMap((way): typeof ATTACKS => [
    [way, 'fifty readers that stop', STALLED],
    [way, 'pipelines that are never read', SMALL],
    [way, 'a thousand impatient scrapes a second', SMALL],
    [way, 'two thousand guards', GUARDED],
  ]),
  ['node over TLS', 'fifty readers that stop', STALLED],
  ['Fastify over TLS', 'fifty readers that stop', STALLED],
  ['node', 'a thousand connections a second that are reset', SMALL],
  ['Fastify', 'a thousand connections a second that are reset', SMALL],
  ['node over TLS', 'a thousand connections a second that are reset', BACKLOG],
  ['HTTP/2 over TLS', 'five hundred streams that are never read', STALLED],
  ['HTTP/2 over TLS', 'a thousand streams a second that are reset', SMALL],
]

test.each(ATTACKS)(
  '%s serves and exports whole pages and holds little memory during %s',
  async (way, kind, { rows, maxBytes, guardMs = 0 }) => {
    const service = new Service(way)
    const idle = await service.start(rows, guardMs)
    await service.attack(kind)
    const { tookMs, workMs } = await scrapeHonestly(service)
    await service.exported(idle.exports.whole + 3)
    const { memory, exports } = await service.state()
    const grownBytes = memory.rss - idle.memory.rss
    const times = `half of the scrapes within ${tookMs[HONEST_SCRAPES >> 1]!.toFixed(0)} ms, the slowest in ${tookMs.at(-1)!.toFixed(0)} ms`
    figure('attacked', `${way}, ${kind}: ${times}, ${(grownBytes / 1e6).toFixed(0)} MB above idle`)
    expect(exports.partial).toBe(0)
    expect(grownBytes).toBeLessThan(maxBytes)
    // Not the time: a busy machine takes longer for the same work.
    expect(workMs[HONEST_SCRAPES >> 1]).toBeLessThan(1_000)
  },
)
