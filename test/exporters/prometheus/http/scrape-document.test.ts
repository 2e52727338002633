import { expect, test } from 'vitest'
import { allParts } from '../../../../src/exporters/prometheus/http/scrape-document.js'

test('a document does not hold the parts that were read', async () => {
  const [first, second, third] = [Buffer.from('1'), Buffer.from('22'), Buffer.from('333')]
  const parts: Uint8Array[] = [first, second, third]
  const body = allParts({ parts, rest: undefined }, () => {})
  expect([(await body.next()).value, parts]).toEqual([first, [second, third]])
  expect([(await body.next()).value, parts]).toEqual([second, [third]])
  expect([(await body.next()).value, parts, (await body.next()).done]).toEqual([third, [], true])
})
