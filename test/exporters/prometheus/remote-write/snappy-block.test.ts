import { randomBytes } from 'node:crypto'
import snappyjs from 'snappyjs'
import snappy from 'snappy'
import { expect, test, vi } from 'vitest'
import { literalBlock, loadSnappy } from '../../../../src/exporters/prometheus/remote-write/snappy-block.js'

const bodies = [1, 60, 61, 127, 128, 65_535, 65_536, 65_537, 200_000, 3_000_000].map((length) => Uint8Array.from(randomBytes(length)))

test('other decoders read a block without compression, which is 3 bytes longer per 64 KiB', async () => {
  for (const body of bodies) {
    const block = literalBlock(body)
    expect(Buffer.compare(Buffer.from(snappyjs.uncompress(block)), Buffer.from(body))).toBe(0)
    expect(Buffer.compare((await snappy.uncompress(Buffer.from(block))) as Buffer, Buffer.from(body))).toBe(0)
    expect(block.length - body.length).toBeLessThanOrEqual(4 + 3 * Math.ceil(body.length / 65_536))
  }
})

test('another decoder reads blocks of the package', async () => {
  const compress = await loadSnappy()
  expect(compress).not.toBe(literalBlock)
  for (const body of bodies) expect(Buffer.compare(Buffer.from(snappyjs.uncompress(await compress(body))), Buffer.from(body))).toBe(0)
  expect((await compress(new Uint8Array(100_000))).length).toBeLessThan(10_000)
})

test('without the package, or with a broken one, blocks are not compressed, which is logged once', async () => {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const missing = (): never => {
    throw new Error("Cannot find package 'snappy'")
  }
  for (const load of [missing, () => ({ compress: undefined, default: {} })]) {
    vi.doMock('snappy', load)
    vi.resetModules()
    const fresh = await import('../../../../src/exporters/prometheus/remote-write/snappy-block.js')
    const compress = await fresh.loadSnappy()
    expect(compress).toBe(fresh.literalBlock)
    for (const body of bodies) expect(Buffer.compare(Buffer.from(snappyjs.uncompress(await compress(body))), Buffer.from(body))).toBe(0)
  }
  expect(warnings.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('remote write is not compressed')])
  vi.doUnmock('snappy')
  vi.restoreAllMocks()
})
