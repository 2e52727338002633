import assert from 'node:assert/strict'
import { checkOptions } from '../base/check-options.js'
import { TallyscopeError } from '../base/errors.js'
import type { Exporter } from '../base/exporter.js'

/** One rule of a contract, to be run by any test framework. */
export interface ContractCase {
  /** A sentence that is true of whatever keeps the contract. */
  readonly name: string
  /** Rejects with the reason if the rule is broken. */
  run(): Promise<void>
}

export interface ExporterContractOptions<T> {
  /** Returns a new exporter with a working destination of its own. */
  create(): Exporter<T> | Promise<Exporter<T>>
  /** Items that the exporter accepts, at least two. */
  readonly items: readonly T[]
  /** Returns how many items have arrived at the destination of the exporter last created. Default: arrivals are not checked. */
  received?(): number | Promise<number>
  /** Returns a new exporter whose destination always fails. Default: failures are not checked. */
  createFailing?(): Exporter<T> | Promise<Exporter<T>>
}

/**
 * The rules that every exporter keeps, as cases for any test framework: the author of an exporter runs them
 * over it, and tests only what is special besides.
 *
 * @example
 * for (const { name, run } of exporterContract({ create: () => new MyExporter(url), items: spans })) test(name, run)
 */
export function exporterContract<T>(options: ExporterContractOptions<T>): ContractCase[] {
  checkOptions('exporterContract', options, { create: true, items: true, received: true, createFailing: true })
  const { create, items, received, createFailing } = options
  const arrived = async (expected: number): Promise<void> => {
    if (received !== undefined) assert.equal(await received(), expected, 'items that have arrived')
  }
  const cases: ContractCase[] = [
    {
      name: 'every item of a batch arrives',
      run: async () => {
        const exporter = await create()
        await exporter.export(items)
        await arrived(items.length)
        await exporter.shutdown?.()
      },
    },
    {
      name: 'an empty batch is no error',
      run: async () => {
        const exporter = await create()
        await exporter.export([])
        await arrived(0)
        await exporter.shutdown?.()
      },
    },
    {
      name: 'a batch that cannot be changed is taken, and is not changed',
      run: async () => {
        const exporter = await create()
        const batch = Object.freeze([...items])
        await exporter.export(batch)
        assert.deepEqual([...batch], [...items])
        await exporter.shutdown?.()
      },
    },
    {
      name: 'batches exported at the same time all arrive',
      run: async () => {
        const exporter = await create()
        await Promise.all(items.map(async (item) => exporter.export([item])))
        await arrived(items.length)
        await exporter.shutdown?.()
      },
    },
    {
      name: 'an item that cannot be read costs at most its own batch',
      run: async () => {
        const exporter = await create()
        await withoutSurprise(exporter, [unreadable<T>()])
        const before = (await received?.()) ?? 0
        await exporter.export(items)
        await arrived(before + items.length)
        await exporter.shutdown?.()
      },
    },
    {
      name: 'shutting down waits for the batches that are under way',
      run: async () => {
        const exporter = await create()
        const exporting = exporter.export(items)
        await exporter.shutdown?.()
        await arrived(items.length)
        await exporting
      },
    },
    {
      name: 'shutting down without any export, and twice, is no error',
      run: async () => {
        const exporter = await create()
        await exporter.shutdown?.()
        await exporter.shutdown?.()
      },
    },
    {
      name: 'what is exported after shutting down is refused or ignored',
      run: async () => {
        const exporter = await create()
        if (exporter.shutdown === undefined) return
        await exporter.shutdown()
        await withoutSurprise(exporter, items)
        await arrived(0)
      },
    },
  ]
  if (createFailing !== undefined) {
    cases.push({
      name: 'a failure reports whether another try may succeed',
      run: async () => {
        const exporter = await createFailing()
        const error = await withoutSurprise(exporter, items)
        assert.ok(error !== undefined, 'the export must fail')
        await withoutSurprise(exporter, items)
        await exporter.shutdown?.()
      },
    })
  }
  return cases
}

/** Exports, and returns the error if there is one: an ExportError or a TransportError, or the contract is broken. */
async function withoutSurprise<T>(exporter: Exporter<T>, items: readonly T[]): Promise<unknown> {
  try {
    await exporter.export(items)
    return undefined
  } catch (error) {
    assert.ok(TallyscopeError.is(error), `an export fails with an ExportError or a TransportError, not with ${String(error)}`)
    if (error.name !== 'TransportError') assert.equal(typeof (error as { retryable?: unknown }).retryable, 'boolean', 'retryable')
    return error
  }
}

/** Every access to it throws. */
function unreadable<T>(): T {
  const refuse = (): never => {
    throw new Error('an unreadable item')
  }
  return new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse, getPrototypeOf: refuse }) as T
}
