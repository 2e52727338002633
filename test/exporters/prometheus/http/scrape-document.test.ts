import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../../src/base/clock.js'
import { allParts } from '../../../../src/exporters/prometheus/http/scrape-document.js'

afterEach(() => {
  vi.restoreAllMocks()
})

test('a document does not hold the parts that were read', async () => {
  const [first, second, third] = [Buffer.from('1'), Buffer.from('22'), Buffer.from('333')]
  const parts: Uint8Array[] = [first, second, third]
  const body = allParts({ parts, rest: undefined }, () => {})
  expect([(await body.next()).value, parts]).toEqual([first, [second, third]])
  expect([(await body.next()).value, parts]).toEqual([second, [third]])
  expect([(await body.next()).value, parts, (await body.next()).done]).toEqual([third, [], true])
})

test('parts whose sending takes longer than a time slice are read in later turns of the event loop', async () => {
  let nowMs = 0
  vi.spyOn(systemClock, 'monotonicMs').mockImplementation(() => nowMs)
  await new Promise(setImmediate)
  const parts = ['1', '2', '3', '4', '5'].map((part) => Buffer.from(part))
  const read: string[] = []
  /** Reads as a socket does that takes everything at once. Each part takes 1 ms. */
  const send = async (): Promise<void> => {
    for await (const part of allParts({ parts, rest: undefined }, () => {})) {
      read.push(part.toString())
      nowMs++
    }
  }
  const sent = send()
  await new Promise(process.nextTick)
  expect(read).toEqual(['1', '2'])
  await new Promise(setImmediate)
  expect(read).toEqual(['1', '2', '3', '4'])
  await sent
  expect(read).toEqual(['1', '2', '3', '4', '5'])
})
