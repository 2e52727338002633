import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { AsyncTransport, MemoryExporter, Stats, SyncTransport, Tracer } from 'tallyscope'
import { instrumentHttpClient, traceIntegrations } from 'tallyscope/http-client'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { bridgeToRegistry } from 'tallyscope/prom-client'
import { serveMetrics } from 'tallyscope/prometheus'

/** An exporter that remembers whether it was shut down. */
function ending() {
  const state = { isShutDown: false }
  const exporter = Object.assign(new MemoryExporter(), { shutdown: () => void (state.isShutDown = true) })
  return { state, exporter }
}

test('transports and tracers shut their exporter down at the end of a block', async () => {
  for (const make of [
    (exporter: MemoryExporter<never>) => new SyncTransport(exporter),
    (exporter: MemoryExporter<never>) => new AsyncTransport(exporter),
    (exporter: MemoryExporter<never>) => new Tracer({ exporter }),
  ]) {
    const { state, exporter } = ending()
    {
      await using transport = make(exporter as never)
      expect(transport).toBeDefined()
      expect(state.isShutDown).toBe(false)
    }
    expect(state.isShutDown).toBe(true)
  }
})

test('the server of metrics is closed at the end of a block', async () => {
  let url: string
  {
    await using endpoint = await serveMetrics({ port: 0, producers: [new Stats()] })
    url = endpoint.url
    expect((await fetch(url)).status).toBe(200)
  }
  await expect(fetch(url)).rejects.toThrow()
})

test('bridges and instrumentations stop at the end of a block', () => {
  const registry = new Registry()
  const stats = new Stats()
  {
    using bridge = bridgeToRegistry(registry as never, { producers: [stats] })
    using client = instrumentHttpClient({ tracer: false, stats })
    using integrations = traceIntegrations([], { tracer: false, stats })
    using server = instrumentHttpServer({ tracer: false, stats })
    expect([bridge, client, integrations, server].every(Boolean)).toBe(true)
  }
  expect(Object.hasOwn(registry, 'registerMetric')).toBe(false)
  // A second one would be refused with a warning, and watch nothing, while the first goes on.
  const again = instrumentHttpServer({ tracer: false, stats })
  again.stop()
})
