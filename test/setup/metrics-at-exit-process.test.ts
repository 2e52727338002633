import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HistogramLogReader } from 'hdr-histogram-js'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { build } from '../exporters/child-program.js'

let folder: string
beforeAll(build, 120_000)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-exit-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run(settings: object): Promise<{ status: unknown; stderr: string }> {
  return new Promise((resolve) => {
    const program = join(import.meta.dirname, '../exporters/programs/metrics-at-the-end.js')
    execFile(process.execPath, [program, JSON.stringify(settings)], (error, _stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stderr }),
    )
  })
}

test.each([false, true])(
  'process.exit() leaves the last values in a textfile and nothing beside it (in the middle of an export: %s)',
  async (early) => {
    expect(await run({ exporter: 'textfile', path: join(folder, 'job.prom'), early })).toEqual({ status: 3, stderr: '' })
    expect(readFileSync(join(folder, 'job.prom'), 'utf8')).toContain(`waits_total ${early ? 2 : 1}\n`)
    expect(readdirSync(folder)).toEqual(['job.prom'])
  },
)

test.each([true, 'naturally'])('the last export has what a later listener of exit records (at process.exit(): %s)', async (atExit) => {
  expect(await run({ exporter: 'textfile', path: join(folder, 'job.prom'), atExit })).toEqual({ status: 3, stderr: '' })
  expect(readFileSync(join(folder, 'job.prom'), 'utf8')).toContain('waits_total 2\n')
})

test('a program that ends naturally with a listener of exit logs no loss if its exporter needs time', async () => {
  const server = createServer((request, response) => request.resume().on('end', () => response.end())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await run({ exporter: 'pushgateway', url, atExit: 'naturally' })).toEqual({ status: 3, stderr: '' })
  server.close()
})

test('process.exit() deletes a textfile that a shutdown would delete', async () => {
  const end = await run({ exporter: 'textfile', path: join(folder, 'job.prom'), early: true, deleteOnShutdown: true })
  expect(end).toEqual({ status: 3, stderr: '' })
  expect(readdirSync(folder)).toEqual([])
})

test.each([false, true])(
  'process.exit() writes the open window of a histogram log once (in the middle of an export: %s)',
  async (early) => {
    expect(await run({ exporter: 'hlog', path: join(folder, 'wait.hlog'), early })).toEqual({ status: 3, stderr: '' })
    const reader = new HistogramLogReader(readFileSync(join(folder, 'wait.hlog'), 'utf8'))
    const [first, second] = [reader.nextIntervalHistogram(), reader.nextIntervalHistogram()]
    expect([first?.totalCount, second]).toEqual([early ? 2 : 1, null])
  },
)

test('process.exit() logs metrics that can no longer be sent to a Pushgateway', async () => {
  const { status, stderr } = await run({ exporter: 'pushgateway', url: 'http://127.0.0.1:9' })
  expect(status).toBe(3)
  expect(stderr).toContain('2 metrics are lost: the exporter cannot export without waiting')
})

test('process.exit() logs a textfile that cannot be written', async () => {
  const { status, stderr } = await run({ exporter: 'textfile', path: join(folder, 'missing', 'job.prom') })
  expect(status).toBe(3)
  expect(stderr).toContain('ENOENT')
})
