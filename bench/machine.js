// @ts-check
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'

/**
 * What the figures depend on.
 * @param {string} [node] The program that runs the suites.
 */
export function machine(node = process.execPath) {
  /** @type {{ node: string, v8: string }} */
  const { node: version, v8 } = JSON.parse(execFileSync(node, ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' }))
  return {
    cpu: (cpus()[0]?.model ?? 'unknown processor').trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: `v${version}`,
    v8,
  }
}

const PEERS = [
  'prom-client',
  '@opentelemetry/api',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/exporter-prometheus',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/context-async-hooks',
  '@opentelemetry/exporter-metrics-otlp-proto',
  '@opentelemetry/exporter-trace-otlp-proto',
  '@opencensus/core',
  'jaeger-client',
  'fastify',
  'fastify-metrics',
  '@fastify/otel',
  '@opentelemetry/instrumentation-http',
  'hdr-histogram-js',
  'hot-shots',
  'benchmark',
]

/** @returns {{ [name: string]: string }} */
export function versions() {
  const versionAt = (/** @type {string} */ path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
  return {
    tallyscope: versionAt('../package.json'),
    ...Object.fromEntries(PEERS.map((name) => [name, versionAt(`../node_modules/${name}/package.json`)])),
  }
}
