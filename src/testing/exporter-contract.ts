import assert from 'node:assert/strict'
import { checkOptions } from '../base/check-options.js'
import { TallyscopeError } from '../base/errors.js'
import type { Exporter } from '../base/exporter.js'

/** One rule of a contract, for any test framework. */
export interface ContractCase {
  /** The rule as a sentence, for the name of the test. */
  readonly name: string
  /** Rejects with the reason if the rule is broken. */
  run(): Promise<void>
}

export interface ExporterContractOptions<T> {
  /** Returns a new exporter with its own working destination. */
  create(): Exporter<T> | Promise<Exporter<T>>
  /** Items that the exporter accepts, at least two. */
  readonly items: readonly T[]
  /** Returns how many items have arrived at the destination of the exporter last created. Default: arrivals are not checked. */
  received?(): number | Promise<number>
  /** Returns a new exporter whose destination always fails. Default: failures are not checked. */
  createFailing?(): Exporter<T> | Promise<Exporter<T>>
}

/**
 * Returns test cases for the rules that every exporter must follow, for any test framework. Tests of an exporter run them and add only cases
 * for its own features.
 *
 * @example
 * for (const { name, run } of exporterContract({ create: () => new MyExporter(url), items: spans })) test(name, run)
 */
export function exporterContract<T>(options: ExporterContractOptions<T>): ContractCase[] {
  checkOptions('exporterContract', options, { create: true, items: true, received: true, createFailing: true })
  const { create, items, received, createFailing } = options
  const arrived = async (expected: number): Promise<void> => {
    if (received !== undefined) assert.equal(await received(), expected, 'items that arrived')
  }
  const withExporter =
    (use: (exporter: Exporter<T>) => Promise<unknown>): (() => Promise<void>) =>
    async () => {
      const exporter = await create()
      await use(exporter)
      await exporter.shutdown?.()
    }
  const cases: Record<string, () => Promise<void>> = {
    'every item of a batch arrives': withExporter(async (exporter) => {
      await exporter.export(items)
      await arrived(items.length)
    }),
    'an empty batch is not an error': withExporter(async (exporter) => {
      await exporter.export([])
      await arrived(0)
    }),
    'a frozen batch is accepted and not changed': withExporter(async (exporter) => {
      const batch = Object.freeze([...items])
      await exporter.export(batch)
      assert.deepEqual([...batch], [...items])
    }),
    'batches exported at the same time all arrive': withExporter(async (exporter) => {
      await Promise.all(items.map(async (item) => exporter.export([item])))
      await arrived(items.length)
    }),
    'an unreadable item fails at most its own batch': withExporter(async (exporter) => {
      await exportError(exporter, [unreadable<T>()])
      const before = (await received?.()) ?? 0
      await exporter.export(items)
      await arrived(before + items.length)
    }),
    'shutdown waits for pending exports': async () => {
      const exporter = await create()
      const exporting = exporter.export(items)
      await exporter.shutdown?.()
      await arrived(items.length)
      await exporting
    },
    'shutdown without an export, or a second time, is not an error': withExporter(async (exporter) => exporter.shutdown?.()),
    'an export after shutdown is refused or ignored': async () => {
      const exporter = await create()
      if (exporter.shutdown === undefined) return
      await exporter.shutdown()
      await exportError(exporter, items)
      await arrived(0)
    },
  }
  if (createFailing !== undefined) {
    cases['the error of a failed export has retryable'] = async () => {
      const exporter = await createFailing()
      const error = await exportError(exporter, items)
      assert.ok(error !== undefined, 'the export must fail')
      await exportError(exporter, items)
      await exporter.shutdown?.()
    }
  }
  return Object.entries(cases).map(([name, run]) => ({ name, run }))
}

/** Exports and returns the error, if any. Throws if it is not an ExportError or a TransportError. */
async function exportError<T>(exporter: Exporter<T>, items: readonly T[]): Promise<unknown> {
  try {
    await exporter.export(items)
    return undefined
  } catch (error) {
    assert.ok(TallyscopeError.is(error), `an export must fail with an ExportError or a TransportError: it failed with ${String(error)}`)
    if (error.name !== 'TransportError') assert.equal(typeof (error as { retryable?: unknown }).retryable, 'boolean', 'retryable')
    return error
  }
}

/** An item that throws at every access. */
function unreadable<T>(): T {
  const refuse = (): never => {
    throw new Error('an unreadable item')
  }
  return new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse, getPrototypeOf: refuse }) as T
}
