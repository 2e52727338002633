import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { otlpOptionsFromEnvironment } from '../../../src/exporters/otlp/otlp-environment.js'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../../src/exporters/otlp/otlp-trace-exporter.js'
import { metric } from '../prometheus/format/metric-samples.js'
import { Authority } from '../sending/certificates.js'
import { secureReceiver } from '../sending/secure-receiver.js'
import { randomSpans } from './random-spans.js'
import { randomFrom } from '../prometheus/format/random-registry.js'

const authority = new Authority()
let folder: string
const file = (name: string): string => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-otlp-tls-'))
  writeFileSync(file('ca.pem'), authority.cert)
  writeFileSync(file('other-ca.pem'), new Authority('somebody else').cert)
  for (const name of ['shop', 'shop-metrics']) {
    const { cert, key } = authority.issue(name)
    writeFileSync(file(`${name}.pem`), cert)
    writeFileSync(file(`${name}.key`), key)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/**
 * Sends a metric and a span to a receiver that wants a certificate, with files named by variables, which are given by the ends of their
 * names. Returns whose request arrived at which path.
 */
async function arrivals(files: Record<string, string>): Promise<string[]> {
  const arrived: string[] = []
  const url = await secureReceiver(authority.issue('127.0.0.1'), authority.cert, (client, path) => {
    arrived.push(`${client} ${path}`)
    return ''
  })
  const paths = Object.entries(files).map(([name, path]) => [`OTEL_EXPORTER_OTLP_${name}`, file(path)])
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...Object.fromEntries(paths) }
  const metrics = new OtlpMetricExporter(otlpOptionsFromEnvironment(env, 'metrics').options)
  const traces = new OtlpTraceExporter(otlpOptionsFromEnvironment(env, 'traces').options)
  await Promise.allSettled([
    metrics.export([metric({ name: 'a', type: 'GAUGE_DOUBLE' }, [[], 1])]),
    traces.export(randomSpans(randomFrom(1))),
  ])
  await Promise.all([metrics.shutdown(), traces.shutdown()])
  return arrived.sort()
}

const CLIENT = { CLIENT_CERTIFICATE: 'shop.pem', CLIENT_KEY: 'shop.key' }

test('certificate files of the variables are used for a receiver that requires a client certificate', async () => {
  expect(await arrivals({ CERTIFICATE: 'ca.pem', ...CLIENT })).toEqual(['shop /v1/metrics', 'shop /v1/traces'])
})

test('certificate files of one signal take precedence for that signal only', async () => {
  const metrics = { METRICS_CLIENT_CERTIFICATE: 'shop-metrics.pem', METRICS_CLIENT_KEY: 'shop-metrics.key' }
  expect(await arrivals({ CERTIFICATE: 'ca.pem', ...CLIENT, ...metrics })).toEqual(['shop /v1/traces', 'shop-metrics /v1/metrics'])
  const authorities = { CERTIFICATE: 'other-ca.pem', TRACES_CERTIFICATE: 'ca.pem' }
  expect(await arrivals({ ...authorities, ...CLIENT })).toEqual(['shop /v1/traces'])
})

test('without the certificate of the client or of the authority nothing is delivered', async () => {
  expect(await arrivals({ CERTIFICATE: 'ca.pem' })).toEqual([])
  expect(await arrivals(CLIENT)).toEqual([])
})
