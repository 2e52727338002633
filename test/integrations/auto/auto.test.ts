import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { receiver } from '../../exporters/sending/receiver.js'
import { until } from '../fastify/served.js'

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) if (child.connected) child.disconnect()
})

async function start(program: string, env: Record<string, string>): Promise<{ child: ChildProcess; url: string; stderr: () => string }> {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), {
    env: { ...process.env, ...env },
    execArgv: ['--import', 'tallyscope/auto'],
    silent: true,
  })
  children.push(child)
  let stderr = ''
  child.stderr!.on('data', (chunk) => (stderr += String(chunk)))
  const [{ url }] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error(stderr)
    }),
  ])) as [{ url: string }]
  return { child, url, stderr: () => stderr }
}

interface Document {
  traceId: string
  spans: { displayName: { value: string }; spanId: string; parentSpanId?: string }[]
}

const newFolder = () => mkdtempSync(join(tmpdir(), 'tallyscope-'))

test.each(['app.mjs', 'app.cjs'])('%s is traced and measured with --import and environment variables only', async (program) => {
  const file = join(newFolder(), 'traces.jsonl')
  const { child, url } = await start(program, { TALLYSCOPE_TRACES_SAMPLER: 'alwaysOn', TALLYSCOPE_TRACES_EXPORTERS: `file(path=${file})` })
  expect(await (await fetch(`${url}/outer`)).text()).toBe('inner')
  const metrics = async () => await (await fetch(`${url}/metrics`)).text()
  await until(async () => (await metrics()).includes('http_client_duration_seconds_count'))
  expect(await metrics()).toContain('http_server_duration_seconds_count{method="GET",route="/inner",status="200",outcome="ok"} 1')
  child.send('end')
  await once(child, 'exit')
  expect(child.signalCode ?? child.exitCode).toSatisfy((end) => end === 'SIGTERM' || end === 143)
  const documents = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Document)
  const spans = documents.flatMap(({ traceId, spans: all }) => all.map((span) => ({ ...span, traceId })))
  const named = Object.fromEntries(spans.map((span) => [span.displayName.value, span]))
  expect(Object.keys(named).sort()).toEqual(['GET', 'GET /inner', 'GET /outer'])
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  expect(named['GET']!.parentSpanId).toBe(named['GET /outer']!.spanId)
  expect(named['GET /inner']!.parentSpanId).toBe(named['GET']!.spanId)
})

test('with variables of OpenTelemetry only, spans and metrics are sent to a collector before the program ends', async () => {
  const collector = await receiver()
  const { child, url } = await start('app.mjs', {
    OTEL_SERVICE_NAME: 'shop',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  })
  expect(await (await fetch(`${url}/outer`)).text()).toBe('inner')
  child.send('end')
  await once(child, 'exit')
  const sent = (path: string) => collector.requests.filter((request) => request.path === path).map(({ body }) => JSON.parse(String(body)))
  const spans = sent('/v1/traces').flatMap(({ resourceSpans: [{ scopeSpans }] }) => scopeSpans[0].spans as { name: string }[])
  expect(spans.map(({ name }) => name).sort()).toEqual(['GET', 'GET /inner', 'GET /outer'])
  const metrics = sent('/v1/metrics').flatMap(({ resourceMetrics: [{ scopeMetrics }] }) => scopeMetrics[0].metrics as { name: string }[])
  expect(metrics.map(({ name }) => name)).toContain('http/server/duration')
})

test('auto can be disabled, and the program runs even if the configuration is unreadable', async () => {
  const off = await start('app.mjs', { TALLYSCOPE_ENABLED: 'false' })
  expect((await fetch(`${off.url}/metrics`)).status).toBe(404)
  const wrong = await start('app.mjs', { TALLYSCOPE_TRACES_SAMPLER: 'sometimes(' })
  expect(await (await fetch(`${wrong.url}/outer`)).text()).toBe('inner')
  expect((await fetch(`${wrong.url}/metrics`)).status).toBe(404)
  expect(wrong.stderr()).toContain('TALLYSCOPE_AUTO')
  expect(wrong.stderr()).toContain('TALLYSCOPE_TRACES_SAMPLER')
  const unreadable = await start('app.mjs', { TALLYSCOPE_CONFIG_FILE: '/nowhere/scope.json' })
  expect(await (await fetch(`${unreadable.url}/outer`)).text()).toBe('inner')
  await until(() => unreadable.stderr().includes('/nowhere/scope.json: cannot be read: ENOENT'))
})

test('the metrics of an application have the configured labels, and need the configured token', async () => {
  const tokens = join(newFolder(), 'tokens')
  writeFileSync(tokens, 'secret\n')
  const { url } = await start('app.mjs', {
    TALLYSCOPE_CONSTANT_LABELS: 'app=shop',
    TALLYSCOPE_RENAME_LABELS: 'route=path',
    TALLYSCOPE_PROMETHEUS_BEARER_TOKEN_FILE: tokens,
  })
  await (await fetch(`${url}/inner`)).text()
  expect((await fetch(`${url}/metrics`)).status).toBe(401)
  const page = await (await fetch(`${url}/metrics`, { headers: { authorization: 'Bearer secret' } })).text()
  expect(page).toContain('http_server_duration_seconds_count{method="GET",path="/inner",status="200",outcome="ok",app="shop"} 1')
})

test('applications do not serve the metrics if a separate server does', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'scope.json'), JSON.stringify({ prometheus: { port: 0 }, traces: { exporters: [] } }))
  const { url } = await start('app.mjs', { TALLYSCOPE_CONFIG_FILE: join(folder, 'scope.json') })
  expect((await fetch(`${url}/metrics`)).status).toBe(404)
})

test('a program without other work exits', () => {
  const traces = join(newFolder(), 'traces.jsonl')
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tallyscope/auto', '-e', '0'], {
    env: { ...process.env, TALLYSCOPE_TRACES_EXPORTERS: `file(path=${traces})` },
    timeout: 20_000,
    encoding: 'utf8',
  })
  expect([status, stderr, existsSync(traces)]).toEqual([0, '', false])
})

test.each([
  [undefined, 'token=', false],
  ['redacted', 'token=REDACTED', true],
  ['true', 'token=secret', true],
])('TALLYSCOPE_TRACES_URL_QUERY=%s decides which parts of a query a server span has', async (urlQuery, text, isThere) => {
  const file = join(newFolder(), 'traces.jsonl')
  const { child, url } = await start('app.mjs', {
    TALLYSCOPE_TRACES_SAMPLER: 'alwaysOn',
    TALLYSCOPE_TRACES_EXPORTERS: `file(path=${file})`,
    ...(urlQuery !== undefined && { TALLYSCOPE_TRACES_URL_QUERY: urlQuery }),
  })
  await (await fetch(`${url}/inner?token=secret`)).text()
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('/inner'))
  expect(readFileSync(file, 'utf8').includes(text)).toBe(isThere)
  child.send('end')
  await once(child, 'exit')
})
