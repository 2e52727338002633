import { pathWithoutQuery } from '../../src/http/http-attributes.js'
import { ClientInstrumentation, hostWithPort, type OutgoingRequest } from '../../src/integrations/http-client/client-instrumentation.js'
import { Stats } from '../../src/stats/stats.js'
import { isHostExcluded, PathExclusion } from '../../src/http/http-exclusion.js'
import { spanKindName } from '../../src/trace/data/span-kind.js'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Tracer } from 'tallyscope'
import { refused, runVectors } from './vectors.js'

runVectors<{ url: string; paths: string[] | null }>('http.exclude_path', ({ url, paths }) => new PathExclusion(paths ?? undefined).excludes(url))
runVectors<{ host: string; hosts: string[] | null }>('http.exclude_host', ({ host, hosts }) => isHostExcluded(host, hosts ?? []))

/** OpenCensus names spans by path and shows the whole URL, which is not our default. */
const openCensusNames = { spanName: ({ target }: OutgoingRequest) => pathWithoutQuery(target), urlQuery: true } as const

interface ClientCall {
  method: string
  url: string
  status: number | null
  headers?: Record<string, string>
}

runVectors<ClientCall>('http.client_span', ({ method, url, status, headers }) => {
  const exporter = new MemoryExporter<SpanData>()
  const stats = new Stats()
  const client = new ClientInstrumentation({ tracer: new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats }), stats, ...openCensusNames })
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const host = hostWithPort(protocol, hostname, port)
  const exchange = client.begin({ method, host, protocol, target: `${pathname}${search}`, userAgent: headers?.['User-Agent'] })
  if (exchange === undefined) return refused()
  if (status !== null) exchange.status = status
  exchange.close()
  const span = exporter.items[0]!
  return { name: span.name, kind: spanKindName(span.kind), status: span.status.code, attributes: { ...span.attributes } }
})
