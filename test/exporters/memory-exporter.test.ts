import { expect, test } from 'vitest'
import { MemoryExporter } from '../../src/exporters/memory-exporter.js'
import { exporterContract } from '../../src/testing/exporter-contract.js'

let memory = new MemoryExporter<number>()
for (const { name, run } of exporterContract<number>({
  create: () => (memory = new MemoryExporter()),
  items: [1, 2, 3],
  received: () => memory.items.length,
})) {
  test(name, run)
}

test('the exporter keeps the newest 10 000 items by default', () => {
  const exporter = new MemoryExporter<number>()
  for (let i = 0; i < 3; i++) exporter.export(Array.from({ length: 4_000 }, (_, j) => i * 4_000 + j))
  expect([exporter.items.length, exporter.items[0], exporter.items.at(-1)]).toEqual([10_000, 2_000, 11_999])
})

test('a batch larger than the limit keeps its end', () => {
  const exporter = new MemoryExporter<number>({ maxItems: 2 })
  exporter.export([1, 2, 3, 4])
  expect(exporter.items).toEqual([3, 4])
})

test('a reset empties the list and keeps its identity', () => {
  const { items, ...exporter } = { items: memory.items, memory }
  exporter.memory.export([1])
  exporter.memory.reset()
  exporter.memory.export([2])
  expect([items, exporter.memory.batches]).toEqual([[2], 1])
})

test.each([0, -1, 1.5, Number.NaN, '5'])('maxItems %s is refused', (maxItems) => {
  expect(() => new MemoryExporter({ maxItems: maxItems as number })).toThrowError(expect.objectContaining({ code: 'ERR_EXPORTER_OPTION' }))
})
