import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import type * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ExportError } from '../../../src/base/errors.js'
import { FileExporter } from '../../../src/exporters/file/file-exporter.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { advancing } from '../advancing.js'
import { selfValue } from '../self-value.js'

/** What the system does to a write: takes fewer bytes, or fails; undefined is as usual. */
type Fault = number | string | undefined
let faults: Fault[] = []
let writes = 0
/** With what the file cannot be brought to the disk. */
let syncFault: string | undefined

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>()
  const open = async (...parameters: Parameters<typeof fs.open>) => {
    const handle = await real.open(...parameters)
    const write = handle.write.bind(handle) as (bytes: Buffer, at: number, length: number, position: null) => Promise<unknown>
    handle.write = (async (bytes: Buffer, at: number, length: number) => {
      writes++
      const fault = faults.shift()
      if (typeof fault === 'string') throw Object.assign(new Error(fault), { code: fault })
      return write(bytes, at, Math.min(length, fault ?? length), null)
    }) as unknown as typeof handle.write
    handle.sync = async () => {
      if (syncFault !== undefined) throw Object.assign(new Error(syncFault), { code: syncFault })
    }
    return handle
  }
  return { ...real, open }
})

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-faults-'))
  path = join(folder, 'items.jsonl')
  faults = []
  writes = 0
  syncFault = undefined
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const text = (): string => readFileSync(path, 'utf8')

test('a short write is continued from where it stopped', async () => {
  const exporter = new FileExporter({ path })
  faults = [3, 1, 0, 5]
  await exporter.export(['one', 'two', 'three'])
  await exporter.shutdown()
  expect(text()).toBe('"one"\n"two"\n"three"\n')
})

test.each(['EAGAIN', 'EINTR', 'EBUSY'])('%s is retried a few times after a delay', async (code) => {
  const clock = new ManualClock()
  const exporter = new FileExporter({ path, clock })
  faults = [code, 4, code, code]
  await advancing(exporter.export(['one']), clock, 100)
  expect([text(), writes]).toEqual(['"one"\n', 5])
})

test('a write that fails for a second fails the export', async () => {
  const clock = new ManualClock()
  const exporter = new FileExporter({ path, clock })
  faults = Array.from({ length: 100 }, () => 'EAGAIN')
  const exporting = exporter.export(['one'])
  await expect(advancing(exporting, clock, 100)).rejects.toMatchObject({
    code: 'ERR_FILE_APPEND',
    retryable: true,
    cause: { code: 'EAGAIN' },
  })
  expect(clock.monotonicMs()).toBeLessThan(10_000)
})

test('a write of zero bytes without an error fails the export', async () => {
  const exporter = new FileExporter({ path })
  faults = Array.from({ length: 100 }, () => 0)
  await expect(exporter.export(['one'])).rejects.toMatchObject({ cause: { message: 'the system accepts no bytes' } })
})

describe('a write that fails inside a line', () => {
  test('leaves only whole lines; the rest may be exported again', async () => {
    const exporter = new FileExporter({ path })
    faults = [9, 'ENOSPC']
    const failure: ExportError = await exporter.export(['one', 'two', 'three']).then(
      () => undefined as never,
      (error) => error,
    )
    expect(failure).toMatchObject({
      delivered: 1,
      retryable: true,
      message: expect.stringContaining(`cannot append 2 of 3 items to ${path}: `) as string,
    })
    expect(text()).toBe('"one"\n')
    await exporter.export(['two', 'three'])
    await exporter.shutdown()
    expect(text()).toBe('"one"\n"two"\n"three"\n')
  })

  test('does the same if a quota or a size limit is reached', async () => {
    for (const code of ['EDQUOT', 'EFBIG']) {
      const exporter = new FileExporter({ path: `${path}.${code}` })
      faults = [9, code]
      await expect(exporter.export(['one', 'two'])).rejects.toMatchObject({ delivered: 1, retryable: true, cause: { code } })
      await exporter.export(['two'])
      await exporter.shutdown()
      expect(readFileSync(`${path}.${code}`, 'utf8')).toBe('"one"\n"two"\n')
    }
  })

  test('counts items that were dropped before as delivered', async () => {
    const exporter = new FileExporter({ path })
    faults = [9, 'ENOSPC']
    await expect(exporter.export([1n, 'one', 2n, 'two', 'three'])).rejects.toMatchObject({ delivered: 3 })
  })

  test('fails only the exports whose lines are missing', async () => {
    const exporter = new FileExporter({ path })
    await exporter.export(['zero'])
    faults = [14, 'ENOSPC']
    const ends = await Promise.allSettled([exporter.export(['one']), exporter.export(['two']), exporter.export(['three'])])
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(text()).toBe('"zero"\n"one"\n"two"\n')
    await exporter.shutdown()
  })
})

test('a failed fsync is logged once and counted, and the export succeeds', async () => {
  const failed = (): number => selfValue('tallyscope_exporter_errors_total', 'FileExporter', 'sync')
  const before = failed()
  const exporter = new FileExporter({ path, fsync: 'export' })
  syncFault = 'EIO'
  for (let i = 0; i < 3; i++) await exporter.export([i])
  syncFault = 'EINVAL' // as pipes have it: no fault
  await exporter.export([3])
  await exporter.shutdown()
  expect(text()).toBe('0\n1\n2\n3\n')
  expect(failed() - before).toBe(3)
  expect(vi.mocked(process.emitWarning)).toHaveBeenCalledOnce()
})

test('with /dev/full every export rejects, none throws, and nothing accumulates', async () => {
  const exporter = new FileExporter({ path: '/dev/full' })
  for (let i = 0; i < 20; i++) await expect(exporter.export([i])).rejects.toMatchObject({ retryable: true, cause: { code: 'ENOSPC' } })
  await exporter.shutdown()
})

test('a pipe without a reader fails immediately', async () => {
  execFileSync('mkfifo', [path])
  const exporter = new FileExporter({ path })
  await expect(exporter.export([1])).rejects.toMatchObject({ cause: { code: 'ENXIO' } })
  await exporter.shutdown()
})

const mounts = (() => {
  const at = mkdtempSync(join(tmpdir(), 'tallyscope-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', at], { stdio: 'ignore' })
    execFileSync('umount', [at])
    return true
  } catch {
    return false
  } finally {
    rmSync(at, { recursive: true, force: true })
  }
})()

test.runIf(mounts)('a full disk keeps whole lines; after space is freed the next line is whole and everything is counted', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder])
  try {
    const ballast = join(folder, 'ballast')
    writeFileSync(ballast, Buffer.alloc(128 << 10))
    const exporter = new FileExporter({ path })
    let delivered = 0
    let lost = 0
    for (let batch = 0; batch < 60; batch++) {
      if (batch === 30) unlinkSync(ballast)
      const items = Array.from({ length: 10 }, (_, i) => ({ batch, i, text: 'x'.repeat(700) }))
      const failed: unknown = await exporter.export(items).then(
        () => undefined,
        (error) => error,
      )
      const arrived = failed === undefined ? items.length : (failed as ExportError).delivered
      delivered += arrived
      lost += items.length - arrived
      expect(text().at(-1)).toBe('\n')
    }
    await exporter.shutdown()
    const lines = text().trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toHaveLength(delivered)
    expect(delivered + lost).toBe(600)
    expect(lost).toBeGreaterThan(100)
    expect(statSync(path).size).toBeGreaterThan(200 << 10)
  } finally {
    execFileSync('umount', [folder])
  }
})
