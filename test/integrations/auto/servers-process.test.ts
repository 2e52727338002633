// tallyscope/auto loaded into servers that people start by a command, which know nothing of it.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { until } from '../fastify/served.js'

const require = createRequire(import.meta.url)
const programs = fileURLToPath(new URL('programs', import.meta.url))
const node = process.execPath

/** A server, as its users start it, and the requests to it. */
interface Server {
  readonly command: (port: string, folder: string) => readonly string[]
  readonly paths: readonly string[]
  /** How often each route is counted, as `route status`. */
  readonly counts: Readonly<Record<string, number>>
}

const binOf = (name: string, path: string): string => join(require.resolve(`${name}/package.json`), '..', path)

const SERVERS: Readonly<Record<string, Server>> = {
  'fastify-cli': {
    command: (port) => [binOf('fastify-cli', 'cli.js'), 'start', '-p', port, '-a', '127.0.0.1', join(programs, 'fastify-plugin.cjs')],
    paths: ['/carts/7', '/carts/8', '/fail', '/nothing'],
    counts: { '/carts/:id 200': 2, '/fail 500': 1, 'unmatched 404': 1 },
  },
  'json-server': {
    command: (port, folder) => [binOf('json-server', 'lib/cli/bin.js'), '--port', port, '--host', '127.0.0.1', join(folder, 'db.json')],
    paths: ['/posts', '/posts/1', '/posts/2', '/posts/9', '/profile'],
    counts: { '/posts 200': 1, '/posts/:id 200': 2, '/posts/:id 404': 1, '/profile 200': 1 },
  },
  'http-server': {
    command: (port, folder) => [binOf('http-server', 'bin/http-server'), folder, '-p', port, '-a', '127.0.0.1', '-d', 'false'],
    paths: ['/page.txt', '/page.txt', '/nothing'],
    counts: { 'unmatched 200': 2, 'unmatched 404': 1 },
  },
}

interface Outcome {
  readonly answers: readonly string[]
  readonly stdout: string
  readonly status: unknown
  readonly endMs: number
}

const withoutNumbers = (text: string): string => text.replace(/\d+(\.\d+)?(e-\d+)?/g, '0')

/** The environment of a program, with auto loaded as containers and operators load it, or without. */
function environment(metrics: string | undefined): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _none, ...inherited } = process.env
  if (metrics === undefined) return inherited
  const exporters = { TALLYSCOPE_METRICS_EXPORTERS: `file(path=${metrics})` }
  return {
    ...inherited,
    NODE_OPTIONS: `--import ${fileURLToPath(new URL('../../../dist/esm/integrations/auto/index.js', import.meta.url))}`,
    ...exporters,
  }
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'tallyscope-'))

/** Starts a server, asks it, and ends it by a signal. */
async function runServer({ command, paths }: Server, signal: 'SIGTERM' | 'SIGINT', metrics: string | undefined): Promise<Outcome> {
  const folder = newFolder()
  writeFileSync(join(folder, 'db.json'), JSON.stringify({ posts: [{ id: 1 }, { id: 2 }], profile: { name: 'x' } }))
  writeFileSync(join(folder, 'page.txt'), 'a page')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(node, command(port, folder), { env: environment(metrics), cwd: folder })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  try {
    await until(() => isListening(Number(port)), stderr)
    const answers = []
    for (const path of paths) {
      const response = await fetch(url + path)
      answers.push(`${path} ${response.status} ${withoutNumbers(await response.text())}`)
    }
    const startMs = performance.now()
    child.kill(signal)
    const status = await new Promise((resolve) => child.once('close', (code, by) => resolve(code ?? by)))
    return { answers, stdout: withoutNumbers(stdout.replaceAll(folder, 'FOLDER')), status, endMs: performance.now() - startMs }
  } finally {
    child.kill('SIGKILL')
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => socket.end(() => resolve(true))).on('error', () => resolve(false))
  })
}

/** How often each `route status` was counted, by the last export of a process. */
function exportedCounts(file: string): Record<string, number> {
  interface Exported {
    descriptor: { name: string; labelKeys: string[] }
    timeSeries: { labelValues: string[]; points: { value: { count: number } }[] }[]
  }
  const metrics = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exported)
  const last = metrics.findLast(({ descriptor }) => descriptor.name === 'http/server/duration')!
  const places = ['route', 'status'].map((key) => last.descriptor.labelKeys.indexOf(key))
  return Object.fromEntries(
    last.timeSeries.map(({ labelValues, points }) => [places.map((at) => labelValues[at]).join(' '), points[0]!.value.count]),
  )
}

const cases = Object.entries(SERVERS).flatMap(([name, server]) =>
  (['SIGTERM', 'SIGINT'] as const).map((signal) => ({ name, server, signal })),
)

test.each(cases)(
  '$name has the same responses, output and end by $signal as without tallyscope/auto, and is measured',
  async ({ server, signal }) => {
    const plain = await runServer(server, signal, undefined)
    const file = join(newFolder(), 'metrics.jsonl')
    const loaded = await runServer(server, signal, file)
    expect({ ...loaded, endMs: 0 }).toEqual({ ...plain, endMs: 0 })
    expect(loaded.endMs - plain.endMs).toBeLessThan(1_500)
    expect(exportedCounts(file)).toEqual(server.counts)
  },
)

test.each(['nest-express.mjs', 'nest-fastify.mjs'])(
  '%s has the same responses, output and end as without tallyscope/auto, and is measured',
  (program) => {
    const run = (metrics: string | undefined) => {
      const { status, stdout } = spawnSync(node, [program], { cwd: programs, env: environment(metrics), timeout: 30_000, encoding: 'utf8' })
      return { status, stdout }
    }
    const plain = run(undefined)
    expect(plain.stdout).toContain('/carts/7/remove 403')
    const file = join(newFolder(), 'metrics.jsonl')
    expect(run(file)).toEqual(plain)
    expect(exportedCounts(file)).toEqual({
      '/carts/:id 200': 2,
      '/carts/:id/remove 403': 1,
      '/carts/:id/fail 500': 1,
      'unmatched 404': 1,
    })
  },
)
