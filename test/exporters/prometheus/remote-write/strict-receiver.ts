import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'
import snappy from 'snappyjs'
import { type Receiver, receiver } from '../../sending/receiver.js'

const load = (file: string) => protobuf.loadSync(fileURLToPath(new URL(`./schema/${file}`, import.meta.url)))
const requestV1 = load('write-v1.proto').lookupType('v1.WriteRequest')
const requestV2 = load('write-v2.proto').lookupType('v2.Request')

export interface WrittenHistogram {
  readonly countInt: number
  readonly sum: number
  readonly schema: number
  readonly zeroThreshold: number
  readonly zeroCountInt: number
  readonly positiveSpans: readonly { readonly offset: number; readonly length: number }[]
  readonly positiveDeltas: readonly number[]
  readonly negativeSpans: readonly { readonly offset: number; readonly length: number }[]
  readonly negativeDeltas: readonly number[]
  readonly timestamp: number
  readonly startTimestamp: number
}

/** One series of a request, the same for both versions. */
export interface WrittenSeries {
  /** As in text: `name{label="value"}`, without `job` and `instance`. */
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly samples: readonly {
    readonly value: number
    readonly timestamp: number
    readonly startTimestamp: number
    readonly isStale: boolean
  }[]
  readonly histograms: readonly WrittenHistogram[]
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number; readonly timestamp: number }[]
  readonly metadata: { readonly type: number; readonly help: string; readonly unit: string } | undefined
}

export interface WrittenRequest {
  readonly version: 1 | 2
  readonly headers: IncomingHttpHeaders
  readonly series: readonly WrittenSeries[]
  readonly metadata: readonly { readonly type: number; readonly metricFamilyName: string; readonly help: string; readonly unit: string }[]
  readonly symbols: readonly string[]
}

interface RawSeries {
  readonly labels: readonly { readonly name: string; readonly value: string }[]
  readonly labelsRefs: readonly number[]
  readonly samples: readonly { readonly value: number; readonly timestamp: number; readonly startTimestamp?: number }[]
  readonly histograms: readonly WrittenHistogram[]
  readonly exemplars: readonly {
    readonly labels: readonly { readonly name: string; readonly value: string }[]
    readonly labelsRefs: readonly number[]
    readonly value: number
    readonly timestamp: number
  }[]
  readonly metadata?: { readonly type: number; readonly helpRef: number; readonly unitRef: number }
}

/** Bits of the marker: 0x7ff0000000000002. */
const STALE = Buffer.from([2, 0, 0, 0, 0, 0, 0xf0, 0x7f])

/** The first field that is not in the schema: a decoder passes over it in silence. */
function unknownField(type: protobuf.Type, bytes: Uint8Array): string | undefined {
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const field = type.fieldsById[tag >>> 3]?.resolve()
    if (field === undefined) return `${type.name} ${tag >>> 3}`
    if (!(field.resolvedType instanceof protobuf.Type)) {
      reader.skipType(tag & 7)
      continue
    }
    const unknown = unknownField(field.resolvedType, reader.bytes())
    if (unknown !== undefined) return unknown
  }
  return undefined
}

/** Reads a request and throws at the first rule of the specification that it breaks. */
export function readRequest(headers: IncomingHttpHeaders, body: Buffer): WrittenRequest {
  const fail = (why: string): never => {
    throw new Error(why)
  }
  const version = headers['content-type'] === 'application/x-protobuf' ? 1 : 2
  if (version === 2 && headers['content-type'] !== 'application/x-protobuf;proto=io.prometheus.write.v2.Request') fail('content-type')
  if (headers['content-encoding'] !== 'snappy') fail('content-encoding')
  if (headers['x-prometheus-remote-write-version'] !== (version === 1 ? '0.1.0' : '2.0.0')) fail('version header')
  if (!/tallyscope\/\d/.test(headers['user-agent'] ?? '')) fail('user-agent')
  const bytes = Buffer.from(snappy.uncompress(body))
  const type = version === 1 ? requestV1 : requestV2
  const message = type.decode(bytes)
  const unknown = unknownField(type, bytes)
  if (unknown !== undefined) fail(`an unknown field, ${unknown}`)
  const raw = type.toObject(message, { longs: Number, arrays: true, defaults: true }) as {
    timeseries: RawSeries[]
    symbols?: string[]
    metadata?: WrittenRequest['metadata']
  }
  const symbols = raw.symbols ?? []
  if (version === 2 && (symbols[0] !== '' || new Set(symbols).size !== symbols.length)) fail('symbols')
  const resolve = (ref: number): string => symbols[ref] ?? fail(`no symbol ${ref}`)
  const labelsOf = (one: { labels: RawSeries['labels']; labelsRefs: readonly number[] }, isSorted: boolean): Record<string, string> => {
    if (version === 2 && one.labelsRefs.length % 2 !== 0) fail('an odd number of label references')
    const pairs =
      version === 1
        ? one.labels.map(({ name, value }) => [name, value] as const)
        : one.labelsRefs.flatMap((ref, at) => (at % 2 === 0 ? [[resolve(ref), resolve(one.labelsRefs[at + 1]!)] as const] : []))
    for (const [at, [name, value]] of pairs.entries()) {
      if (value === '' || !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) fail(`the label ${name}`)
      if (isSorted && at > 0 && Buffer.compare(Buffer.from(pairs[at - 1]![0]), Buffer.from(name)) >= 0)
        fail('labels are not sorted or not unique')
    }
    return Object.fromEntries(pairs)
  }
  const seen = new Set<string>()
  const series = raw.timeseries.map((one): WrittenSeries => {
    const labels = labelsOf(one, true)
    const { __name__: name, job, instance, ...rest } = labels
    if (name === undefined || !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) fail('a series without a legal name')
    if (job === undefined || instance === undefined) fail('a series without job or instance')
    const identity = JSON.stringify(labels)
    if (seen.has(identity)) fail(`the series ${identity} is there twice`)
    seen.add(identity)
    if ((one.samples.length === 0) === (one.histograms.length === 0)) fail('a series must have samples or histograms')
    return {
      id: `${name}${
        Object.keys(rest).length === 0
          ? ''
          : `{${Object.entries(rest)
              .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
              .join(',')}}`
      }`,
      labels,
      samples: one.samples.map((sample) => {
        return { ...sample, startTimestamp: sample.startTimestamp ?? 0, isStale: Number.isNaN(sample.value) && bytes.includes(STALE) }
      }),
      histograms: one.histograms.map((histogram) => ({ ...histogram, startTimestamp: histogram.startTimestamp ?? 0 })),
      exemplars: one.exemplars.map((exemplar) => ({
        labels: labelsOf(exemplar, false),
        value: exemplar.value,
        timestamp: exemplar.timestamp,
      })),
      metadata:
        one.metadata === undefined || one.metadata === null
          ? undefined
          : { type: one.metadata.type, help: resolve(one.metadata.helpRef), unit: resolve(one.metadata.unitRef) },
    }
  })
  return { version, headers, series, metadata: raw.metadata ?? [], symbols }
}

export interface WriteReceiver extends Receiver {
  /** What was taken, decoded. */
  readonly written: WrittenRequest[]
  /** Rules that requests broke. */
  readonly faults: string[]
}

/**
 * A receiver that checks each request, also that the samples of a series get newer. `answer` may answer in another way.
 * @param speaks Versions that it takes; 415 for others. `old` stands for one that takes 2.0 for an empty request of 1.0.
 */
export async function writeReceiver(
  speaks: readonly (1 | 2 | 'old')[] = [1, 2],
  answer?: (response: ServerResponse, n: number, request: WrittenRequest) => boolean,
): Promise<WriteReceiver> {
  const written: WrittenRequest[] = []
  const faults: string[] = []
  const newest = new Map<string, number>()
  const base = await receiver((response, n, { headers, body }) => {
    let request: WrittenRequest
    try {
      request = readRequest(headers, body)
    } catch (error) {
      faults.push(String(error))
      response.writeHead(400).end(String(error))
      return
    }
    if (answer?.(response, n, request) === true) return
    if (request.version === 2 && speaks.includes('old')) return void response.writeHead(204).end()
    if (!speaks.includes(request.version)) return void response.writeHead(415).end()
    for (const { labels, samples, histograms } of request.series) {
      const key = JSON.stringify(labels)
      for (const { timestamp } of [...samples, ...histograms]) {
        if (timestamp <= (newest.get(key) ?? 0)) faults.push(`out of order: ${key}`)
        newest.set(key, timestamp)
      }
    }
    written.push(request)
    if (request.version === 2) {
      const count = (of: (series: WrittenSeries) => readonly unknown[]) =>
        String(request.series.reduce((sum, one) => sum + of(one).length, 0))
      response.setHeader(
        'x-prometheus-remote-write-samples-written',
        count(({ samples }) => samples),
      )
      response.setHeader(
        'x-prometheus-remote-write-histograms-written',
        count(({ histograms }) => histograms),
      )
      response.setHeader(
        'x-prometheus-remote-write-exemplars-written',
        count(({ exemplars }) => exemplars),
      )
    }
    response.writeHead(204).end()
  })
  return { ...base, written, faults }
}

/** All series of all requests, and their newest value. */
export function valuesOf({ written }: WriteReceiver): Record<string, number | 'stale'> {
  const values: Record<string, number | 'stale'> = {}
  for (const { id, samples } of written.flatMap(({ series }) => series)) {
    for (const { value, isStale } of samples) values[id] = isStale ? 'stale' : value
  }
  return values
}
