import { fc } from '../fast-check.js'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shareMetrics } from '../../src/cluster/index.js'
import { FileExporter } from '../../src/exporters/file/file-exporter.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { metricsHandler } from '../../src/exporters/prometheus/http/handler.js'
import { serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import { TextfileExporter } from '../../src/exporters/prometheus/push/textfile-exporter.js'
import { StatsdExporter } from '../../src/exporters/statsd/statsd-exporter.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { createTallyscope } from '../../src/setup/tallyscope.js'
import { metric } from '../exporters/prometheus/format/metric-samples.js'
import { amount } from './amount.js'
import { expectClean, expectOneLine, expectRows, hostile, SECRET, watched } from './hostile-text.js'

const RUNS = amount(40, 2_000)
const metrics = [metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])]

const scene = watched()

/** The message of what it throws, or rejects with; empty if it does neither. */
async function messageOf(act: () => unknown): Promise<string> {
  try {
    await act()
    return ''
  } catch (error) {
    return String((error as Error).message)
  }
}

const VARIABLES = [
  'OTEL_SERVICE_NAME',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
  'OTEL_PROPAGATORS',
  'OTEL_EXPORTER_PROMETHEUS_PORT',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_TIMEOUT',
  'OTEL_BSP_SCHEDULE_DELAY',
  'OC_RESOURCE_TYPE',
  'OC_RESOURCE_LABELS',
  'TALLYSCOPE_TRACES_SAMPLER',
  'TALLYSCOPE_METRICS_EXPORTERS',
  'TALLYSCOPE_PROMETHEUS_HOST',
  'TALLYSCOPE_PROMETHEUS_BEARER_TOKEN_FILE',
  'TALLYSCOPE_CONFIG_FILE',
]

test('environment variables with hostile strings show nothing raw, nothing long and no secret', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...VARIABLES), hostile, async (name, value) => {
      const env = { [name]: `${value}http://me:${SECRET}@host/?key=${SECRET}`.replaceAll('\0', '') }
      let started: { shutdown(): Promise<unknown> } | undefined
      const message = await messageOf(() => (started = createTallyscope({ env })))
      await started?.shutdown()
      expectClean(name, message)
    }),
    { numRuns: RUNS * 2 },
  )
  for (const warning of scene.warnings) expectOneLine('a warning', warning)
})

test('configuration files with hostile keys, values and names show nothing raw, nothing long and no secret', async () => {
  const shape = fc.tuple(hostile, hostile, fc.constantFrom('plain', 'nested', 'component', 'cut'))
  await fc.assert(
    fc.asyncProperty(shape, async ([key, value, kind]) => {
      const url = `http://me:${SECRET}@host/${value}?key=${SECRET}`
      const content = {
        plain: { [key]: url },
        nested: { traces: { [key]: url, exporters: [{ [key]: url }] } },
        component: { metrics: { exporters: [{ pushgateway: { url, [key]: value, timeoutMs: value } }] } },
        cut: { service: url },
      }[kind]
      const text = JSON.stringify(content)
      const file = join(scene.folder, 'configuration.json')
      writeFileSync(file, kind === 'cut' ? text.slice(0, -1) : text)
      expectClean(kind, await messageOf(() => createTallyscope({ env: { TALLYSCOPE_CONFIG_FILE: file } })))
    }),
    { numRuns: RUNS },
  )
  for (const warning of scene.warnings) expectOneLine('a warning', warning)
})

test('paths, hosts and names of groups with hostile strings are refused or fail with one short line', { timeout: 120_000 }, async () => {
  writeFileSync(join(scene.folder, 'a file'), '')
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      const path = join(scene.folder, 'a file', `x${text}`)
      const failures = await Promise.all([
        messageOf(async () => {
          const file = new FileExporter({ path })
          await file.export(metrics as never)
          await file.shutdown()
        }),
        messageOf(() => new TextfileExporter({ path: `${path}.prom` }).export(metrics)),
        messageOf(() => serveMetrics({ port: 0, producers: [], path: `/${text}\n` })),
        messageOf(() => serveMetrics({ port: 0, producers: [], host: `${text}.invalid` })),
        messageOf(() => metricsHandler({ producers: [], bearerTokenFile: path })),
        messageOf(() => new StatsdExporter({ path })),
        messageOf(() => shareMetrics({ name: `${text}${'x'.repeat(257)}` })),
        messageOf(() => shareMetrics({ name: 'a', folder: path })),
        messageOf(() => shareMetrics({ name: 'a', perMember: text as never })),
      ])
      expect(failures.filter((message) => message !== '').length).toBeGreaterThan(6)
      for (const [at, message] of failures.entries()) expectOneLine(`way ${at}`, message)
    }),
    { numRuns: RUNS },
  )
  for (const warning of scene.warnings) expectOneLine('a warning', warning)
})

test('constant labels and values of infos with hostile strings make rows of a page', () => {
  fc.assert(
    fc.property(hostile, hostile, (first, second) => {
      const registry = new MetricRegistry({ constantLabels: { zone: first } })
      registry.gauge('depth', { description: second }).set(1)
      registry.info('build', { labelKeys: ['version'] }).set({ version: second })
      const page = formatText(registry.getMetrics() as readonly Metric[])
      for (const line of page.split('\n').filter((each) => !each.startsWith('# HELP '))) expectRows(line)
      expect(page.split('\n').filter((line) => /^(?!#|$)/.test(line))).toHaveLength(2)
    }),
    { numRuns: RUNS },
  )
})
