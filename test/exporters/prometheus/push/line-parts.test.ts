import { expect, test } from 'vitest'
import { halfParts, type LinePart, lineParts } from '../../../../src/exporters/prometheus/push/line-parts.js'

const textOf = ({ chunks }: LinePart): string => Buffer.concat(chunks).toString()

/** Divides a text that comes in chunks of so many bytes: the texts of the parts, and how many samples are in each. */
async function divide(text: string, chunkBytes: number, maxBytes: number): Promise<[string, number][]> {
  async function* document() {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const parts: [string, number][] = []
  for await (const part of lineParts(document(), () => maxBytes)) parts.push([textOf(part), part.samples])
  return parts
}

const samples = (text: string): number => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length

test('parts contain every whole line once and count their samples, however the document is cut', async () => {
  const text = '# HELP a é\n# TYPE a counter\na 1\na{b="#"} 2\n# TYPE c gauge\nc{d="ü"} 3\nc{d="e"} 4\n'
  for (let chunkBytes = 1; chunkBytes <= text.length + 3; chunkBytes++) {
    for (const maxBytes of [1, 10, 40, 1_000]) {
      const parts = await divide(text, chunkBytes, maxBytes)
      expect(parts.map(([part]) => part).join('')).toBe(text)
      for (const [part, count] of parts) {
        expect(part.endsWith('\n')).toBe(true)
        expect(count).toBe(samples(part))
      }
      if (maxBytes === 1_000) expect(parts).toHaveLength(1)
    }
  }
})

test('a document with only comments has no parts', async () => {
  expect(await divide('# HELP a b\n', 100, 100)).toEqual([])
  expect(await divide('', 100, 100)).toEqual([])
})

test('both halves contain whole lines with samples', () => {
  const halves = (text: string) =>
    halfParts({ chunks: [Buffer.from(text)], samples: samples(text) })?.map((half) => [textOf(half), half.samples])
  expect(halves('a 1\nb 2\n')).toEqual([
    ['a 1\n', 1],
    ['b 2\n', 1],
  ])
  expect(halves(`a 1\n${'b'.repeat(50)} 2\n`)).toEqual([
    ['a 1\n', 1],
    [`${'b'.repeat(50)} 2\n`, 1],
  ])
  expect(halves(`${'b'.repeat(50)} 2\na 1\n`)).toEqual([
    [`${'b'.repeat(50)} 2\n`, 1],
    ['a 1\n', 1],
  ])
  const comment = `# HELP ${'c'.repeat(50)}\n`
  expect(halves(`${comment}a 1\nb 2\n`)).toEqual([
    [`${comment}a 1\n`, 1],
    ['b 2\n', 1],
  ])
  expect(halves(`a 1\nb 2\n${comment}`)).toEqual([
    ['a 1\n', 1],
    [`b 2\n${comment}`, 1],
  ])
  expect(halves('a 1\n')).toBeUndefined()
})
