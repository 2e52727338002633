import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TextfileExporter } from '../../../../src/exporters/prometheus/push/textfile-exporter.js'
import { manyGauges, metric } from '../format/metric-samples.js'

const one = metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'textfile-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('an export replaces the file and leaves no temporary file', async () => {
  const path = join(folder, 'job.prom')
  const exporter = new TextfileExporter({ path })
  await exporter.export([manyGauges(100)])
  await exporter.export([one])
  expect(await readFile(path, 'utf8')).toBe('# TYPE one gauge\none 1\n')
  expect(await readdir(folder)).toEqual(['job.prom'])
  expect((await stat(path)).mode & 0o777).toBe(0o644 & ~process.umask())
})

test('a reader never sees a partial file', async () => {
  const path = join(folder, 'job.prom')
  const exporter = new TextfileExporter({ path })
  await exporter.export([manyGauges(2_000)])
  const whole = await readFile(path, 'utf8')
  const writing = (async () => {
    for (let i = 0; i < 20; i++) await exporter.export([manyGauges(2_000)])
  })()
  for (let i = 0; i < 50; i++) expect((await readFile(path, 'utf8')).length).toBe(whole.length)
  await writing
})

test('the file has the newest of concurrent exports, also if one of them fails', async () => {
  const path = join(folder, 'job.prom')
  const failing = { descriptor: one.descriptor, timeSeries: undefined } as never
  for (let i = 0; i < 20; i++) {
    const exporter = new TextfileExporter({ path })
    const exports = Promise.allSettled([[manyGauges(2_000)], [failing], [one]].map((metrics) => exporter.export(metrics)))
    await exporter.shutdown()
    expect(await readFile(path, 'utf8')).toBe('# TYPE one gauge\none 1\n')
    expect((await exports).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  }
  expect(await readdir(folder)).toEqual(['job.prom'])
})

test('a failed write rejects, and the previous file is kept', async () => {
  await expect(new TextfileExporter({ path: join(folder, 'missing', 'job.prom') }).export([one])).rejects.toMatchObject({
    code: 'ERR_TEXTFILE_WRITE',
    retryable: true,
  })
  const path = join(folder, 'job.prom')
  await writeFile(join(folder, 'job.prom'), 'before')
  const failing = { descriptor: one.descriptor, timeSeries: undefined } as never
  await expect(new TextfileExporter({ path }).export([failing])).rejects.toMatchObject({ code: 'ERR_TEXTFILE_WRITE' })
  expect(await readFile(path, 'utf8')).toBe('before')
  expect(await readdir(folder)).toEqual(['job.prom'])
})

test('shutdown deletes the file if configured, and tolerates a missing one', async () => {
  const path = join(folder, 'job.prom')
  await new TextfileExporter({ path }).export([one])
  await new TextfileExporter({ path }).shutdown()
  expect(await readdir(folder)).toEqual(['job.prom'])
  const deleting = new TextfileExporter({ path, deleteOnShutdown: true })
  await deleting.shutdown()
  await deleting.shutdown()
  expect(await readdir(folder)).toEqual([])
})

test.each([{ mode: -1 }, { mode: '644' as never }, { deleteOnShutdown: 'true' as never }])('invalid options are refused: %o', (option) => {
  const create = (): TextfileExporter => new TextfileExporter({ path: 'job.prom', ...option })
  expect(create).toThrow(expect.objectContaining({ code: 'ERR_PROMETHEUS_OPTION' }))
})

test('only a path that ends with .prom is accepted', () => {
  for (const path of ['job.txt', 'job', '.prom', 'folder/.prom', '', undefined as never]) {
    expect(() => new TextfileExporter({ path })).toThrow(expect.objectContaining({ code: 'ERR_TEXTFILE_PATH' }))
  }
})
