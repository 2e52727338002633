import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

// The schema as its authors publish it: https://github.com/prometheus/client_model
const root = protobuf.loadSync(fileURLToPath(new URL('./schema/metrics.proto', import.meta.url)))
const familyType = root.lookupType('io.prometheus.client.MetricFamily')

export interface ProtobufHistogram {
  sampleCount: number
  sampleSum: number
  bucket: { cumulativeCount: number; upperBound: number; exemplar?: ProtobufExemplar }[]
  schema?: number
  zeroThreshold?: number
  zeroCount?: number
  negativeSpan: { offset: number; length: number }[]
  negativeDelta: number[]
  positiveSpan: { offset: number; length: number }[]
  positiveDelta: number[]
  exemplars: ProtobufExemplar[]
  createdTimestamp?: ProtobufTime
}

export interface ProtobufTime {
  seconds: number
  nanos: number
}

export interface ProtobufExemplar {
  label: { name: string; value: string }[]
  value: number
  timestamp?: ProtobufTime
}

export interface ProtobufMetric {
  label: { name: string; value: string }[]
  gauge?: { value: number }
  counter?: { value: number; exemplar?: ProtobufExemplar; createdTimestamp?: ProtobufTime }
  summary?: { sampleCount: number; sampleSum: number; quantile: { quantile: number; value: number }[]; createdTimestamp?: ProtobufTime }
  histogram?: ProtobufHistogram
}

export interface ProtobufFamily {
  name: string
  help?: string
  type: 'COUNTER' | 'GAUGE' | 'SUMMARY' | 'UNTYPED' | 'HISTOGRAM'
  unit?: string
  metric: ProtobufMetric[]
}

/** Decodes a document of families, each behind its length, by the schema. Throws where bytes are left over, or families or series repeat. */
export function readProtobuf(document: Uint8Array): Map<string, ProtobufFamily> {
  const reader = protobuf.Reader.create(document)
  const families = new Map<string, ProtobufFamily>()
  while (reader.pos < reader.len) {
    const message = familyType.decodeDelimited(reader)
    const family = familyType.toObject(message, { longs: Number, enums: String, arrays: true }) as ProtobufFamily
    if (family.metric.length === 0) throw new Error(`${family.name} has no metrics`)
    if (families.has(family.name)) throw new Error(`${family.name} twice`)
    const series = new Set(family.metric.map(({ label }) => JSON.stringify(label)))
    if (series.size < family.metric.length) throw new Error(`${family.name} has a series twice`)
    families.set(family.name, { ...family, type: family.type ?? 'COUNTER' })
  }
  return families
}
