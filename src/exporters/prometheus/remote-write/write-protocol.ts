import type { IncomingHttpHeaders } from 'node:http'
import type { PartEncoding } from '../../sending/part-sending.js'
import type { Compress } from './snappy-block.js'

const HEADERS = {
  1: { 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' },
  2: { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request', 'x-prometheus-remote-write-version': '2.0.0' },
} as const

/** The headers and the compression of a version. */
export function writeEncoding(version: 1 | 2, compress: Compress): PartEncoding {
  return { headers: { ...HEADERS[version], 'content-encoding': 'snappy' }, compress }
}

/**
 * Returns the number of samples and histograms that a receiver reports as written, or undefined if it reports none. Receivers of version 1
 * do not: they read a request of version 2 as one without series, and respond with success.
 */
export function writtenSamples(headers: IncomingHttpHeaders): number | undefined {
  const read = (what: string): number | undefined => {
    const text = headers[`x-prometheus-remote-write-${what}-written`]
    return typeof text === 'string' && /^\d+$/.test(text.trim()) ? Number(text) : undefined
  }
  const [samples, histograms, exemplars] = [read('samples'), read('histograms'), read('exemplars')]
  if (samples === undefined && histograms === undefined && exemplars === undefined) return undefined
  return (samples ?? 0) + (histograms ?? 0)
}
