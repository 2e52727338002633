import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FileExporter } from '../../../src/exporters/file/file-exporter.js'
import { exporterContract } from '../../../src/testing/exporter-contract.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { selfValue } from '../self-value.js'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-file-'))
  path = join(folder, 'items.jsonl')
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const text = (file = path): string => readFileSync(file, 'utf8')
const lines = (file = path): string[] => text(file).trimEnd().split('\n')
const dropped = (reason: string): number => selfValue('tallyscope_exporter_dropped_items_total', 'FileExporter', reason)
const reopened = (): number => selfValue('tallyscope_file_reopenings_total', path)

/** Exports the items in one batch each, with something done to the file before each. */
async function exportAround(items: unknown[], before: (index: number) => void): Promise<void> {
  const exporter = new FileExporter({ path })
  for (const [index, item] of items.entries()) {
    before(index)
    await exporter.export([item])
  }
  await exporter.shutdown()
}

for (const { name, run } of exporterContract<object>({
  create: () => new FileExporter({ path }),
  items: [{ a: 1 }, { b: 2 }, { c: 3 }],
  received: () => (existsSync(path) ? text().split('\n').length - 1 : 0),
  createFailing: () => new FileExporter({ path: join(folder, 'missing/items.jsonl') }),
})) {
  test(name, run)
}

test('an item is one line of JSON, and later batches follow earlier ones', async () => {
  await exportAround([{ a: 1, b: Number.NaN }, 'two\nlines', [3]], () => {})
  expect(text()).toBe('{"a":1,"b":"NaN"}\n"two\\nlines"\n[3]\n')
})

test('nothing happens before the first export', () => {
  new FileExporter({ path })
  expect(existsSync(path)).toBe(false)
})

test('existing content of the file is kept', async () => {
  writeFileSync(path, '"old"\n')
  await exportAround(['new'], () => {})
  expect(text()).toBe('"old"\n"new"\n')
})

test('a torn line at the end of the file is terminated', async () => {
  writeFileSync(path, '"whole"\n{"torn":')
  await exportAround([1, 2], () => {})
  expect(text()).toBe('"whole"\n{"torn":\n1\n2\n')
})

test('a line that another process is still writing is not terminated', async () => {
  const clock = new ManualClock()
  const exporter = new FileExporter({ path, clock })
  writeFileSync(path, '"of the oth')
  const exporting = exporter.export(['ours'])
  await vi.waitFor(() => expect(clock.timers).toBe(1), 10_000)
  appendFileSync(path, 'er proc')
  await clock.advanceAsync(50)
  await vi.waitFor(() => expect(clock.timers).toBe(1), 10_000)
  appendFileSync(path, 'ess"\n')
  await clock.advanceAsync(50)
  await exporting
  await exporter.shutdown()
  expect(text()).toBe('"of the other process"\n"ours"\n')
})

test('items without a JSON form are left out and counted, the others are written', async () => {
  const cycle: unknown[] = []
  cycle.push(cycle)
  const before = dropped('unserialisable')
  await exportAround(
    [
      1,
      cycle,
      {
        get a() {
          throw new Error('no')
        },
      },
      5n,
      undefined,
      2,
    ],
    () => {},
  )
  expect(text()).toBe('1\n2\n')
  expect(dropped('unserialisable') - before).toBe(4)
})

test('an item beyond the size limit is left out and counted', async () => {
  const exporter = new FileExporter({ path, maxItemBytes: 10 })
  await exporter.export(['12345678', '1234567', 'äöüß'])
  await exporter.shutdown()
  expect(text()).toBe('"1234567"\n')
  expect(dropped('too_large')).toBe(2)
})

test('batches of any size are written completely and in order', async () => {
  const items = Array.from({ length: 2_000 }, (_, i) => ({ i, text: 'x'.repeat((i * 7919) % 40_000 > 39_000 ? 100_000 : i % 300) }))
  const exporter = new FileExporter({ path, maxQueuedBytes: 1e9 })
  const batches = Array.from({ length: 20 }, (_, i) => items.slice(i * 100, i * 100 + 100))
  await Promise.all(batches.map((batch) => exporter.export(batch)))
  await exporter.shutdown()
  const found = lines().map((line) => JSON.parse(line))
  expect(found.map(({ i }) => i)).toEqual(items.map(({ i }) => i))
  expect(found.every(({ i, text }) => text === items[i]!.text)).toBe(true)
})

describe('the file is reopened', () => {
  test('after it was renamed', async () => {
    await exportAround(['old', 'new'], (index) => index === 1 && renameSync(path, `${path}.1`))
    expect([text(`${path}.1`), text()]).toEqual(['"old"\n', '"new"\n'])
    expect(reopened()).toBe(1)
  })

  test('after it was deleted', async () => {
    await exportAround(['old', 'new'], (index) => index === 1 && unlinkSync(path))
    expect(text()).toBe('"new"\n')
  })

  test('after it was replaced by a file with a torn line', async () => {
    await exportAround(['old', 'new'], (index) => {
      if (index === 0) return
      writeFileSync(`${path}.other`, '"other')
      renameSync(`${path}.other`, path)
    })
    expect(text()).toBe('"other\n"new"\n')
  })

  test('on request', async () => {
    const exporter = new FileExporter({ path })
    await exporter.export([1])
    await exporter.reopen()
    await exporter.export([2])
    await exporter.shutdown()
    expect(text()).toBe('1\n2\n')
  })
})

test('a file truncated by a rotation is written from its new end', async () => {
  await exportAround(['old', 'new'], (index) => index === 1 && truncateSync(path))
  expect(text()).toBe('"new"\n')
})

test('lines that others append are kept', async () => {
  await exportAround([1, 2], (index) => index === 1 && appendFileSync(path, '"other"\n'))
  expect(text()).toBe('1\n"other"\n2\n')
})

describe('a file that cannot be opened', () => {
  test.each<[string, () => string, string]>([
    ['a folder', () => folder, 'EISDIR'],
    ['in a folder that is not there', () => join(folder, 'no/items.jsonl'), 'ENOENT'],
    ['in a file', () => (writeFileSync(join(folder, 'file'), ''), join(folder, 'file/items.jsonl')), 'ENOTDIR'],
    ['a circle of links', () => (symlinkSync(path, path), path), 'ELOOP'],
  ])('%s: the export rejects with a retryable error that has the number of lost items', async (_, at, code) => {
    const exporter = new FileExporter({ path: at() })
    const failure = {
      name: 'ExportError',
      code: 'ERR_FILE_APPEND',
      message: expect.stringMatching(new RegExp(`^cannot append 2 of 2 items to ${exporter.path}: ${code}: `)) as string,
      retryable: true,
      delivered: 0,
      cause: { code },
    }
    await expect(exporter.export([1, 2])).rejects.toMatchObject(failure)
    await expect(exporter.open()).rejects.toMatchObject({ code: 'ERR_FILE_OPEN', retryable: true, cause: { code } })
    await exporter.shutdown()
  })

  test('is written as soon as it can be opened', async () => {
    const late = join(folder, 'late')
    const exporter = new FileExporter({ path: join(late, 'items.jsonl') })
    await expect(exporter.export([1])).rejects.toMatchObject({ retryable: true })
    renameSync(mkdtempSync(join(folder, 'x')), late)
    await exporter.export([2])
    await exporter.shutdown()
    expect(text(join(late, 'items.jsonl'))).toBe('2\n')
  })
})

test('an export is refused while the queue is full', async () => {
  const exporter = new FileExporter({ path, maxQueuedBytes: 150 })
  const ends = await Promise.allSettled(Array.from({ length: 3 }, () => exporter.export(['x'.repeat(98)])))
  expect(ends.map((end) => (end.status === 'rejected' ? end.reason.code : 'done'))).toEqual(['done', 'done', 'ERR_FILE_QUEUE_FULL'])
  await exporter.export(['later'])
  await exporter.shutdown()
  expect(text().endsWith('"later"\n')).toBe(true)
})

describe('at the end', () => {
  test('exports after shutdown are refused', async () => {
    const exporter = new FileExporter({ path })
    await exporter.shutdown()
    await expect(exporter.export([1])).rejects.toMatchObject({ code: 'ERR_EXPORTER_CLOSED', retryable: false })
    expect(() => exporter.exportSync([1])).toThrowError(expect.objectContaining({ code: 'ERR_EXPORTER_CLOSED' }))
    expect(existsSync(path)).toBe(false)
  })

  test.each(['never', 'shutdown', 'export'] as const)('written data is synchronised to the disk: %s', async (fsync) => {
    const exporter = new FileExporter({ path, fsync })
    await exporter.export([1])
    await exporter.shutdown()
    expect(text()).toBe('1\n')
  })

  test('a pipe or a device, which cannot be synchronised to a disk, causes no error', async () => {
    const exporter = new FileExporter({ path: '/dev/null', fsync: 'export' })
    await exporter.export([1])
    await exporter.shutdown()
    expect(vi.mocked(process.emitWarning)).not.toHaveBeenCalled()
  })

  test('the remaining items can be written synchronously, before or after other exports', async () => {
    writeFileSync(path, '"torn')
    const exporter = new FileExporter({ path })
    exporter.exportSync([1, 5n])
    await exporter.export([2])
    exporter.exportSync([3])
    await exporter.shutdown()
    expect(text()).toBe('"torn\n1\n2\n3\n')
  })

  test('a synchronous write throws the error an export would reject with', () => {
    const exporter = new FileExporter({ path: folder })
    expect(() => exporter.exportSync([1])).toThrowError(expect.objectContaining({ code: 'ERR_FILE_APPEND', delivered: 0 }))
  })
})

describe('two exporters on one path', () => {
  test('share the file: their lines do not mix', async () => {
    const exporters = [new FileExporter({ path }), new FileExporter({ path: join(folder, 'x/../items.jsonl') })]
    const padding = (i: number): string => 'x'.repeat(1_000 * (i % 40))
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        exporters[i % 2]!.export([
          [i, 'a', padding(i)],
          [i, 'b', padding(i)],
        ]),
      ),
    )
    await exporters[0]!.shutdown()
    await exporters[1]!.export([['last']])
    await exporters[1]!.shutdown()
    const found = lines().map((line) => JSON.parse(line).slice(0, 2).join(''))
    const pairs = Array.from({ length: 100 }, (_, i) => found.slice(i * 2, i * 2 + 2).join())
    expect(pairs.sort()).toEqual(Array.from({ length: 100 }, (_, i) => `${i}a,${i}b`).sort())
    expect(found.at(-1)).toBe('last')
  })

  test('must have the same rotation', async () => {
    const exporter = new FileExporter({ path, maxBytes: 1_000 })
    expect(() => new FileExporter({ path, maxBytes: 2_000 })).toThrowError(expect.objectContaining({ code: 'ERR_FILE_SHARED' }))
    await exporter.shutdown()
    await new FileExporter({ path, maxBytes: 2_000 }).shutdown()
  })
})

describe('rotation by size', () => {
  test('keeps the configured number of files, the newest lines in the file itself', async () => {
    const exporter = new FileExporter({ path, maxBytes: 40, maxFiles: 3 })
    for (let i = 0; i < 10; i++) await exporter.export([`${i}`.repeat(15)])
    await exporter.shutdown()
    expect([path, `${path}.1`, `${path}.2`].map((file) => lines(file).map((line) => line[1]))).toEqual([
      ['8', '9'],
      ['6', '7'],
      ['4', '5'],
    ])
    expect(existsSync(`${path}.3`)).toBe(false)
  })

  test('a single file is truncated', async () => {
    const exporter = new FileExporter({ path, maxBytes: 10, maxFiles: 1 })
    for (let i = 0; i < 3; i++) await exporter.export(['12345'])
    await exporter.shutdown()
    expect(text()).toBe('"12345"\n')
    expect(existsSync(`${path}.1`)).toBe(false)
  })

  test('a line longer than the limit gets a separate file', async () => {
    const exporter = new FileExporter({ path, maxBytes: 10, maxFiles: 3 })
    await exporter.export([1, 'x'.repeat(100), 2])
    await exporter.shutdown()
    expect([text(`${path}.2`), text(`${path}.1`).length, text()]).toEqual(['1\n', 103, '2\n'])
  })
})

test.each([
  {},
  { path: '' },
  { path: 'a\0b' },
  { path: 'x', maxBytes: 0 },
  { path: 'x', maxFiles: 1.5 },
  { path: 'x', maxQueuedBytes: '1' },
  { path: 'x', maxItemBytes: Number.NaN },
  { path: 'x', fsync: 'always' },
  { path: 'x', followLinks: 'true' },
])('the options %o are refused', (options) => {
  expect(() => new FileExporter(options as never)).toThrowError(
    expect.objectContaining({ name: 'DefinitionError', code: 'ERR_EXPORTER_OPTION' }),
  )
})
