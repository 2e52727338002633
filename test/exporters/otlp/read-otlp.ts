import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

const schema = fileURLToPath(new URL('./schema/otlp.proto', import.meta.url))
const root = protobuf.loadSync(schema)

export type RequestName = 'ExportMetricsServiceRequest' | 'ExportTraceServiceRequest'
export type Plain = Record<string, any>

/** A body in the JSON form of OTLP, by a decoder that knows nothing of ours. Fields that the schema has not are an error. */
export function decodeBody(body: Uint8Array, name: RequestName): Plain {
  const type = root.lookupType(`otlp.${name}`)
  const message = type.decode(body)
  // Unknown fields are not kept, so that what is encoded again would be shorter.
  const { length } = type.encode(message).finish()
  if (length !== body.length) throw new Error(`of ${body.length} bytes ${length} are known to the schema`)
  return plainMessage(type, message)
}

/** The same for bodies of others, whose lengths may take more bytes than they must. */
export function decodeForeignBody(body: Uint8Array, name: RequestName): Plain {
  const type = root.lookupType(`otlp.${name}`)
  return plainMessage(type, type.decode(body))
}

function plainMessage(type: protobuf.Type, message: protobuf.Message): Plain {
  return plain(type.toObject(message, { longs: String, bytes: Buffer as never })) as Plain
}

export function encodeAnswer(name: 'ExportMetricsServiceResponse' | 'ExportTraceServiceResponse', answer: Plain): Uint8Array {
  const type = root.lookupType(`otlp.${name}`)
  return type.encode(type.fromObject(answer)).finish()
}

/** What the compiler of protobuf prints; it prints unknown fields by their number. */
export function decodeByProtoc(body: Uint8Array, name: RequestName): string {
  const folder = schema.slice(0, schema.lastIndexOf('/'))
  return execFileSync('protoc', [`--decode=otlp.${name}`, `--proto_path=${folder}`, 'otlp.proto'], {
    input: body,
    maxBuffer: 1 << 28,
  }).toString()
}

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

/** All metrics of some requests, those that were divided put together again. */
export function metricsOf(requests: readonly Plain[]): Plain[] {
  const metrics = new Map<string, Plain>()
  for (const { resourceMetrics } of requests) {
    for (const { resource, scopeMetrics } of resourceMetrics) {
      if (resource === undefined) throw new Error('a request without a resource')
      for (const metric of scopeMetrics.flatMap((scope: Plain) => scope.metrics ?? [])) {
        const data = dataOf(metric)
        checkPoints(metric)
        const key = JSON.stringify([resource, { ...metric, [data]: { ...metric[data], dataPoints: [] } }])
        const known = metrics.get(key)
        if (known === undefined) metrics.set(key, { ...metric, [data]: { ...metric[data] } })
        else known[data].dataPoints = [...known[data].dataPoints, ...metric[data].dataPoints]
      }
    }
  }
  return [...metrics.values()]
}

export function dataOf(metric: Plain): string {
  const data = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'].filter((name) => metric[name] !== undefined)
  if (data.length !== 1) throw new Error(`a metric has one kind of data: ${metric['name']} has ${data.join(', ') || 'none'}`)
  return data[0]!
}

/** The rules of the specification for points. */
function checkPoints(metric: Plain): void {
  const { dataPoints } = metric[dataOf(metric)]
  if (!(dataPoints?.length > 0)) throw new Error(`${metric['name']} has no points`)
  const seen = new Set<string>()
  for (const point of dataPoints as Plain[]) {
    const identity = JSON.stringify(point['attributes'] ?? [])
    if (seen.has(identity)) throw new Error(`${metric['name']} has two points of the attributes ${identity}`)
    seen.add(identity)
    const keys = ((point['attributes'] ?? []) as Plain[]).map(({ key }) => key)
    if (new Set(keys).size !== keys.length) throw new Error(`attributes are not distinct: ${keys.join(', ')}`)
    if (BigInt(point['timeUnixNano'] ?? 0) <= 0n) throw new Error('a point without a time')
    if (BigInt(point['startTimeUnixNano'] ?? 0) > BigInt(point['timeUnixNano'])) throw new Error('a point that ends before it starts')
    if (metric['histogram'] !== undefined) {
      const counts = point['bucketCounts'] as string[]
      if (counts.length !== (point['explicitBounds'] ?? []).length + 1) throw new Error('counts and bounds do not go together')
      checkSum(counts, point)
    }
    if (metric['exponentialHistogram'] !== undefined) {
      checkSum([point['zeroCount'] ?? '0', ...(point['positive']?.bucketCounts ?? []), ...(point['negative']?.bucketCounts ?? [])], point)
    }
  }
}

function checkSum(counts: readonly string[], point: Plain): void {
  const sum = counts.reduce((total, count) => total + BigInt(count), 0n)
  if (sum !== BigInt(point['count'] ?? 0)) throw new Error(`buckets have ${sum} values of ${point['count']}`)
}
