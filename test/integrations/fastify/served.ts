import { connect, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { onTestFinished } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer, type TracerOptions } from 'tallyscope'
import { tallyscopeFastify, type TallyscopeFastifyOptions } from 'tallyscope/fastify'

export interface Served {
  readonly app: FastifyInstance
  readonly stats: Stats
  readonly tracer: Tracer
  readonly spans: SpanData[]
  readonly url: string
  readonly port: number
}

interface ServedOptions {
  readonly plugin?: TallyscopeFastifyOptions
  readonly tracer?: TracerOptions
  readonly fastify?: FastifyServerOptions
  /** Before the plugin is registered. */
  readonly before?: (app: FastifyInstance) => unknown
}

/** A listening application with the plugin, its own stats, and every span kept. */
export async function served(routes: (app: FastifyInstance, tracer: Tracer) => unknown, options: ServedOptions = {}): Promise<Served> {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats, ...options.tracer })
  const app = fastify(options.fastify ?? {})
  await options.before?.(app)
  await app.register(tallyscopeFastify, { tracer, stats, ...options.plugin })
  await routes(app, tracer)
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    app.server.closeAllConnections?.() // not there for HTTP/2
    await app.close()
  })
  const { port } = app.server.address() as AddressInfo
  return { app, stats, tracer, spans: exporter.items as SpanData[], url: `http://127.0.0.1:${port}`, port }
}

export interface Row {
  readonly [tag: string]: string | number | undefined
  readonly count: number
  readonly sum: number
}

/** The rows of a distribution view, flat, `name=value` of each tag in one text. */
export function rows(stats: Stats, view: string): Record<string, { count: number; sum: number }> {
  const found: Record<string, { count: number; sum: number }> = {}
  for (const { tagValues, data } of stats.viewManager.getView(view)?.rows ?? []) {
    const { count, sum } = data as { count: number; sum: number }
    found[
      Object.values(tagValues)
        .map((value) => value ?? '')
        .join(' ')
    ] = { count, sum }
  }
  return found
}

/** How many requests of each `method route status outcome` were counted. */
export function counts(stats: Stats): Record<string, number> {
  return Object.fromEntries(Object.entries(rows(stats, 'http/server/duration')).map(([tags, { count }]) => [tags, count]))
}

/** How many streams of each `method route status outcome` were counted. */
export function streams(stats: Stats): Record<string, number> {
  return Object.fromEntries(Object.entries(rows(stats, 'http/server/stream_duration')).map(([tags, { count }]) => [tags, count]))
}

export function sums(stats: Stats, view: 'http/server/request_size' | 'http/server/response_size'): Record<string, number> {
  return Object.fromEntries(Object.entries(rows(stats, view)).map(([tags, { sum }]) => [tags, sum]))
}

export async function inFlight(app: FastifyInstance): Promise<number> {
  const metrics = await app.tallyscope.registry.getMetrics()
  const { points } = metrics.find(({ descriptor }) => descriptor.name === 'http/server/in_flight')!.timeSeries[0]!
  return points[0]!.value as number
}

/** Waits, with real sockets, until what is looked for is there. */
export async function until(isThere: () => boolean | Promise<boolean>, what = 'what was waited for'): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await isThere()) return
    await delay(10)
  }
  throw new Error(`${what} did not come`)
}

/** A bare connection: what is written is what is sent. */
export async function connection(port: number, host = '127.0.0.1'): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(port, host)
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  socket.on('error', () => {})
  await new Promise((resolve) => {
    socket.once('connect', resolve)
  })
  return { socket, text: () => text }
}
