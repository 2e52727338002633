import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ExportError } from '../../src/base/errors.js'
import { AsyncTransport } from '../../src/exporters/transport/async-transport.js'
import { FileExporter } from '../../src/exporters/file/file-exporter.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { advancing } from '../exporters/advancing.js'
import { selfValue } from '../exporters/self-value.js'
import { figure } from './amount.js'

let folder: string
let path: string
let mounted: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-files-'))
  path = join(folder, 'items.jsonl')
  mounted = []
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  for (const at of mounted) execFileSync('umount', [at])
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const text = (): string => readFileSync(path, 'utf8')
const dropped = (reason: string): number => selfValue('tallyscope_exporter_dropped_items_total', 'FileExporter', reason)

function failure(exporting: Promise<unknown>): Promise<ExportError | undefined> {
  return exporting.then(
    () => undefined,
    (error) => error,
  )
}

function mount(options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' })
  mounted.push(folder)
}

/** True if this process may mount, which needs root. Otherwise two tests are skipped, and that is printed. */
const canMount = (() => {
  const at = mkdtempSync(join(tmpdir(), 'tallyscope-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', at], { stdio: 'pipe' })
    execFileSync('umount', [at])
    return true
  } catch (error) {
    console.warn(`left out, since nothing can be mounted here: ${String((error as Error).message)}`)
    return false
  } finally {
    rmSync(at, { recursive: true, force: true })
  }
})()

test.runIf(canMount)(
  'with a full disk written and dropped items equal the accepted ones, and after space is freed lines are complete',
  async () => {
    mount('size=256k')
    const ballast = join(folder, 'ballast')
    const clock = new ManualClock()
    const transport = new AsyncTransport(new FileExporter<object>({ path, clock }), {
      clock,
      maxQueueSize: 200,
      maxBatchSize: 20,
      retries: 2,
    })
    let sent = 0
    const send = async (items: number): Promise<void> => {
      for (let i = 0; i < items; i++) transport.send({ i: sent++, text: 'x'.repeat(800) })
      for (let i = 0; i < 20; i++) {
        await new Promise((resolve) => void setTimeout(resolve, 2)) // the disk is real
        await clock.advanceAsync(1_000)
      }
    }
    writeFileSync(ballast, Buffer.alloc(200 << 10))
    for (let i = 0; i < 4; i++) await send(100)
    const whileFull = transport.accounting
    expect(whileFull.rejected + whileFull.dropped).toBeGreaterThan(50)
    await vi.waitFor(() => expect(text().at(-1)).toBe('\n')) // a write may still be running, but none begins
    unlinkSync(ballast)
    await send(100)
    await advancing(transport.shutdown(), clock, 100)
    const { accepted, exported, rejected, dropped: lost, queued, inFlight } = transport.accounting
    expect([accepted, queued, inFlight]).toEqual([sent, 0, 0])
    const lines = text().trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).i as number)).toHaveLength(exported)
    expect(new Set(lines).size).toBe(exported)
    expect(exported + rejected + lost).toBe(accepted)
    expect(exported).toBeGreaterThan(whileFull.exported)
    figure(
      'file exporter, disk full',
      `accepted ${accepted} = written ${exported} + lost and counted ${rejected + lost}; no broken line, 0 throws`,
    )
  },
)

test.runIf(canMount)('a read-only file system is a retryable failure, and is written to once it is writable', async () => {
  mount('size=256k')
  execFileSync('mount', ['-o', 'remount,ro', folder])
  const exporter = new FileExporter({ path })
  expect(await failure(exporter.export([1]))).toMatchObject({ code: 'ERR_FILE_APPEND', retryable: true, cause: { code: 'EROFS' } })
  await expect(exporter.open()).rejects.toMatchObject({ code: 'ERR_FILE_OPEN', cause: { code: 'EROFS' } })
  execFileSync('mount', ['-o', 'remount,rw', folder])
  await exporter.export([2])
  await exporter.shutdown()
  expect(text()).toBe('2\n')
})

test('a path that is a folder, lies in a file or in a missing folder fails at once if requested, and otherwise with each export', async () => {
  writeFileSync(join(folder, 'file'), '')
  for (const [at, code] of [
    [folder, 'EISDIR'],
    [join(folder, 'file/items.jsonl'), 'ENOTDIR'],
    [join(folder, 'none/items.jsonl'), 'ENOENT'],
  ] as const) {
    const exporter = new FileExporter({ path: at })
    await expect(exporter.open()).rejects.toMatchObject({ code: 'ERR_FILE_OPEN', retryable: true, cause: { code } })
    expect(await failure(exporter.export([1]))).toMatchObject({ code: 'ERR_FILE_APPEND', retryable: true, delivered: 0, cause: { code } })
    await exporter.shutdown()
  }
})

test('a deleted folder that is created again is written to again', async () => {
  const inner = join(folder, 'logs')
  execFileSync('mkdir', [inner])
  path = join(inner, 'items.jsonl')
  const exporter = new FileExporter({ path })
  await exporter.export([1])
  rmSync(inner, { recursive: true })
  expect(await failure(exporter.export([2]))).toMatchObject({ retryable: true, cause: { code: 'ENOENT' } })
  execFileSync('mkdir', [inner])
  await exporter.export([3])
  await exporter.shutdown()
  expect(text()).toBe('3\n')
})

test('a file that is repeatedly copied and truncated while it is written loses no line behind the cut, and tears none', async () => {
  const exporter = new FileExporter({ path })
  const copies: string[] = []
  for (let i = 0; i < 200; i++) {
    await exporter.export([{ i, text: 'x'.repeat((i * 37) % 3_000) }])
    if (i % 10 === 9) {
      copies.push(text())
      writeFileSync(path, '') // as copytruncate does
    }
  }
  await exporter.shutdown()
  const numbers = [...copies, text()]
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).i as number)
  expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => i))
})

test('a pipe whose reader leaves fails quietly, and continues with the next reader at the start of a line', async () => {
  execFileSync('mkfifo', [path])
  const open = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const read = (fd: number): string => {
    const bytes = Buffer.alloc(1 << 16)
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, null))
  }
  const exporter = new FileExporter({ path })
  let reader = open()
  await exporter.export(['one'])
  expect(read(reader)).toBe('"one"\n')
  closeSync(reader)
  expect(await failure(exporter.export(['two']))).toMatchObject({ retryable: true, cause: { code: 'EPIPE' } })
  reader = open()
  await exporter.export(['three'])
  expect(read(reader)).toBe('"three"\n')
  closeSync(reader)
  await exporter.shutdown()
})

test('a pipe whose reader does not read does not block the event loop, and the export fails after a second', async () => {
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const exporter = new FileExporter({ path })
  let ticks = 0
  const timer = setInterval(() => void ticks++, 10)
  const failed = await failure(exporter.export(Array.from({ length: 200 }, (_, i) => ({ i, text: 'x'.repeat(1_000) }))))
  clearInterval(timer)
  expect(failed).toMatchObject({ code: 'ERR_FILE_APPEND', retryable: true, cause: { code: 'EAGAIN' } })
  expect(failed!.delivered).toBeGreaterThan(10)
  expect(ticks).toBeGreaterThan(10)
  closeSync(reader)
  await exporter.shutdown()
})

test('a socket in place of the file is a failure, not a crash', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const exporter = new FileExporter({ path })
  expect(await failure(exporter.export([1]))).toMatchObject({ retryable: true, cause: { code: 'ENXIO' } })
  await exporter.shutdown()
  server.close()
})

test('an item of 100 MB is dropped and counted, its neighbours are written', async () => {
  const exporter = new FileExporter<unknown>({ path })
  const before = dropped('too_large')
  await exporter.export([1, 'x'.repeat(100 << 20), 2])
  await exporter.shutdown()
  expect(text()).toBe('1\n2\n')
  expect(dropped('too_large') - before).toBe(1)
})

test('items whose serialisation throws are dropped one by one and counted, and the batch continues', async () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const throwing = {
    get a() {
      throw new Error('no')
    },
  }
  const toJson = {
    toJSON() {
      throw undefined // oxlint-disable-line typescript/only-throw-error
    },
  }
  const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown
  let bottomless: unknown = deep
  for (let i = 0; i < 200_000; i++) bottomless = [bottomless]
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const hostile = [circle, throwing, toJson, 5n, { big: 5n }, undefined, () => {}, Symbol('a'), bottomless, revoked.proxy]
  const clock = new ManualClock()
  const transport = new AsyncTransport<unknown>(new FileExporter({ path }), { clock })
  const before = dropped('unserialisable')
  for (const item of hostile) {
    transport.send('before')
    transport.send(item)
  }
  transport.send('last')
  await transport.flush(1e9)
  await transport.shutdown()
  expect(dropped('unserialisable') - before).toBe(hostile.length)
  expect(transport.accounting).toMatchObject({ accepted: 21, exported: 21, rejected: 0, dropped: 0 })
  expect(text()).toBe(`${'"before"\n'.repeat(10)}"last"\n`)
})

test('a failed synchronous write leaves no empty line', async () => {
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const exporter = new FileExporter({ path })
  await exporter.export([1])
  closeSync(reader)
  expect(() => exporter.exportSync([2])).toThrowError(expect.objectContaining({ code: 'ERR_FILE_APPEND' }))
  const next = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  await exporter.export([3])
  const bytes = Buffer.alloc(100)
  expect(bytes.toString('utf8', 0, readSync(next, bytes, 0, 100, null))).toBe('1\n3\n')
  closeSync(next)
  await exporter.shutdown()
  expect(statSync(path).isFIFO()).toBe(true)
})
