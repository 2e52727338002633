import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type * as fs from 'node:fs'
import type * as promises from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FileExporter } from '../../../src/exporters/file/file-exporter.js'
import { selfValue } from '../self-value.js'

/** The inodes of the files that fsync was called for, in order. */
let synced: number[] = []
let syncFault: string | undefined

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>()
  const open = async (...parameters: Parameters<typeof promises.open>) => {
    const handle = await real.open(...parameters)
    handle.sync = async () => {
      synced.push((await handle.stat()).ino)
    }
    return handle
  }
  return { ...real, open }
})

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  const fsyncSync = (fd: number): void => {
    if (syncFault !== undefined) throw Object.assign(new Error(syncFault), { code: syncFault })
    synced.push(real.fstatSync(fd).ino)
  }
  return { ...real, fsyncSync }
})

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-sync-'))
  path = join(folder, 'items.jsonl')
  synced = []
  syncFault = undefined
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const inodes = (): number[] => readdirSync(folder).map((name) => statSync(join(folder, name)).ino)

test.each(['export', 'shutdown'] as const)('with fsync %s each file of a rotation is synchronised', async (fsync) => {
  const exporter = new FileExporter({ path, fsync, maxBytes: 10 })
  await exporter.export(['aaaaa', 'bbbbb', 'ccccc'])
  await exporter.shutdown()
  expect(inodes()).toHaveLength(3)
  expect(new Set(synced)).toEqual(new Set(inodes()))
})

test('with fsync shutdown a file is synchronised before it is opened again', async () => {
  const exporter = new FileExporter({ path, fsync: 'shutdown' })
  await exporter.export(['a'])
  expect(synced).toEqual([])
  await exporter.reopen()
  expect(synced).toEqual(inodes())
  await exporter.shutdown()
})

test.each(['export', 'shutdown'] as const)('with fsync %s synchronous writes are synchronised', async (fsync) => {
  const exporter = new FileExporter({ path, fsync })
  exporter.exportSync(['a']) // the file is not open
  expect(synced).toEqual(inodes())
  const exporting = exporter.export(['b'])
  exporter.flushSync()
  expect(synced.length).toBeGreaterThan(1)
  await exporting
  await exporter.shutdown()
  expect(readFileSync(path, 'utf8')).toBe('"a"\n"b"\n')
})

test('with fsync never nothing is synchronised', async () => {
  const exporter = new FileExporter({ path, maxBytes: 10 })
  await exporter.export(['aaaaa', 'bbbbb'])
  exporter.exportSync(['c'])
  await exporter.shutdown()
  expect(synced).toEqual([])
})

test('a failed fsync of a synchronous write is logged and counted, and the write succeeds', async () => {
  const failed = (): number => selfValue('tallyscope_exporter_errors_total', 'FileExporter', 'sync')
  const before = failed()
  const exporter = new FileExporter({ path, fsync: 'export' })
  syncFault = 'EINVAL' // as pipes have it: no fault
  exporter.exportSync(['a'])
  syncFault = 'EIO'
  exporter.exportSync(['b'])
  await exporter.shutdown()
  expect(readFileSync(path, 'utf8')).toBe('"a"\n"b"\n')
  expect(failed() - before).toBe(1)
})
