import { expect, test } from 'vitest'
import type { Exporter } from '../../src/base/exporter.js'
import { ExportError } from '../../src/base/errors.js'
import { exporterContract, type ExporterContractOptions } from '../../src/testing/exporter-contract.js'

/** An exporter into a list that keeps the contract; faults are put into it. */
class ListExporter implements Exporter<number> {
  readonly list: number[]
  isClosed = false

  constructor(list: number[]) {
    this.list = list
  }

  async export(items: readonly number[]): Promise<void> {
    if (this.isClosed) throw new ExportError('ERR_EXPORTER_CLOSED', 'closed', { retryable: false })
    this.list.push(...items.filter((item) => typeof item === 'number'))
  }

  shutdown(): void {
    this.isClosed = true
  }
}

/** The names of the rules that the exporter breaks. */
async function broken(make: (list: number[]) => Exporter<number>, rest: Partial<ExporterContractOptions<number>> = {}): Promise<string[]> {
  let list: number[] = []
  const cases = exporterContract<number>({ create: () => make((list = [])), items: [1, 2, 3], received: () => list.length, ...rest })
  const names: string[] = []
  for (const { name, run } of cases) await run().catch(() => names.push(name))
  return names
}

test('an exporter that fulfils the contract passes every case', async () => {
  expect(await broken((list) => new ListExporter(list))).toEqual([])
})

test.each<[string, (list: number[]) => Exporter<number>, string]>([
  [
    'loses items',
    (list) => Object.assign(new ListExporter(list), { export: (items: readonly number[]) => void list.push(...items.slice(1)) }),
    'every item of a batch arrives',
  ],
  [
    'stumbles over an empty batch',
    (list) => Object.assign(new ListExporter(list), { export: (items: readonly number[]) => void list.push(items[0]!.valueOf()) }),
    'an empty batch is not an error',
  ],
  [
    'eats its batch',
    (list) =>
      Object.assign(new ListExporter(list), { export: (items: readonly number[]) => void list.push(...(items as number[]).splice(0)) }),
    'a frozen batch is accepted and not changed',
  ],
  [
    'reads everything',
    (list) =>
      Object.assign(new ListExporter(list), {
        export: (items: readonly number[]) => void list.push(...items.map((item) => item.valueOf())),
      }),
    'an unreadable item fails at most its own batch',
  ],
  [
    'shuts down once only',
    (list) => {
      const exporter = new ListExporter(list)
      const shutdown = (): void => {
        if (exporter.isClosed) throw new Error('closed')
        exporter.isClosed = true
      }
      return Object.assign(exporter, { shutdown })
    },
    'shutdown without an export, or a second time, is not an error',
  ],
  [
    'goes on after its end',
    (list) => ({ export: (items) => void list.push(...items), shutdown() {} }),
    'an export after shutdown is refused or ignored',
  ],
  [
    'does not wait at its end',
    (list) => ({
      export: async (items) => {
        await new Promise((resolve) => void setTimeout(resolve, 5))
        list.push(...items)
      },
      shutdown() {},
    }),
    'shutdown waits for pending exports',
  ],
])('an exporter that %s fails the contract', async (_, make, name) => {
  expect(await broken(make)).toContain(name)
})

test('a failing exporter must reject, with an ExportError', async () => {
  const name = 'the error of a failed export has retryable'
  const failing = (error?: unknown) => ({
    createFailing: () => ({ export: () => (error === undefined ? undefined : Promise.reject(error)) as Promise<void> }),
  })
  const make = (list: number[]): Exporter<number> => new ListExporter(list)
  expect(await broken(make, failing(new ExportError('ERR_TEST', 'no', { retryable: true })))).toEqual([])
  expect(await broken(make, failing(new Error('no')))).toEqual([name])
  expect(await broken(make, failing())).toEqual([name])
})
