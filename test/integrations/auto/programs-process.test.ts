import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const programs = fileURLToPath(new URL('programs', import.meta.url))

interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program, with or without tallyscope/auto in NODE_OPTIONS, as containers and operators set it. */
function run(command: readonly string[], env: Record<string, string> | undefined, cwd = programs): Outcome {
  const options = env === undefined ? {} : { NODE_OPTIONS: '--import tallyscope/auto', ...env }
  const { NODE_OPTIONS: _none, ...inherited } = process.env
  const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
    cwd,
    env: { ...inherited, ...options },
    timeout: 30_000,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const node = process.execPath

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Durations differ from run to run. */
const withoutTimes = (text: string): string => text.replace(/\d+(\.\d+)?(e-\d+)?/g, '0')

test.each([
  'fastify-3.cjs',
  'fastify-4.cjs',
  'fastify.cjs',
  'express-4.cjs',
  'express.cjs',
  'script.mjs',
  'exits.mjs',
  'throws.mjs',
  'worker.mjs',
  'cluster.mjs',
])('%s has the same output and end as without tallyscope/auto, also with a server for /metrics or a group', async (program) => {
  const plain = run([node, program], undefined)
  const port = String(await freePort())
  for (const env of [{}, { TALLYSCOPE_PROMETHEUS_PORT: port }, { TALLYSCOPE_CLUSTER: 'on' }]) {
    const { status, stdout } = run([node, program], env)
    expect({ status, stdout }).toEqual({ status: plain.status, stdout: plain.stdout })
  }
})

test('node --test runs and exits as without auto', async () => {
  const port = String(await freePort())
  const plain = run([node, '--test', 'a.test.mjs'], undefined)
  const loaded = run([node, '--test', 'a.test.mjs'], { TALLYSCOPE_PROMETHEUS_PORT: port })
  expect([loaded.status, withoutTimes(loaded.stdout)]).toEqual([plain.status, withoutTimes(plain.stdout)])
})

test('under npm start the port belongs to the program, and npm exits with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyscope-'))
  const auto = fileURLToPath(new URL('../../../dist/esm/integrations/auto/index.js', import.meta.url))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start: 'node main.mjs' } }))
  const port = await freePort()
  const ask = `await fetch('http://127.0.0.1:${port}/metrics').then((r) => r.text())`
  writeFileSync(
    join(folder, 'main.mjs'),
    `import { setTimeout } from 'node:timers/promises'\nawait setTimeout(500)\nconsole.log((${ask}).includes('process_cpu_seconds_total'))`,
  )
  const { status, stdout, stderr } = run(
    ['npm', 'start', '--silent'],
    { NODE_OPTIONS: `--import ${auto}`, TALLYSCOPE_PROMETHEUS_PORT: String(port), TALLYSCOPE_METRICS_RUNTIME: 'true' },
    folder,
  )
  expect([status, stdout.trim(), stderr]).toEqual([0, 'true', ''])
})

test('a port in use disables /metrics only, and is logged', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 'tallyscope-'))
  const file = join(folder, 'metrics.jsonl')
  const child = spawn(node, ['script.mjs'], {
    cwd: programs,
    env: {
      ...process.env,
      NODE_OPTIONS: '--import tallyscope/auto',
      TALLYSCOPE_PROMETHEUS_PORT: String(port),
      TALLYSCOPE_METRICS_RUNTIME: 'true',
      TALLYSCOPE_METRICS_EXPORTERS: `file(path=${file})`,
    },
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const status = await new Promise((resolve) => child.once('close', resolve))
  expect(status).toBe(0)
  expect(stderr).toContain('TALLYSCOPE_METRICS_NOT_SERVED')
  expect(run(['grep', '-c', 'process_cpu_seconds_total', file], undefined).stdout.trim()).not.toBe('0')
})

test.each(['onRequest', 'preParsing', 'preValidation', 'preHandler', 'notFound'])(
  '/metrics refuses the requests that the application refuses: %s',
  (hook) => {
    const refused = hook === 'notFound' ? '404 false' : '401 false'
    expect(run([node, 'guarded.cjs', hook], {}).stdout.trim()).toBe(`${refused} 200 true`)
  },
)

test.each([
  { TALLYSCOPE_PROMETHEUS: 'false' },
  { OTEL_METRICS_EXPORTER: 'none' },
  { TALLYSCOPE_AUTO_FASTIFY: 'false' },
  { TALLYSCOPE_ENABLED: 'false' },
])('%o: no /metrics', (env) => {
  expect(run([node, 'guarded.cjs', 'onRequest'], env).stdout.trim()).toBe('401 false 404 false')
})

test('an unsupported major version of Fastify is not instrumented, and logged', () => {
  expect(run([node, 'fastify-4.cjs'], {}).stderr).toContain('Fastify 4.29.1 is not instrumented')
  expect(run([node, 'fastify.cjs'], {}).stderr).toBe('')
})
