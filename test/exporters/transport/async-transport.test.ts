import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ExportError, TransportError } from '../../../src/base/errors.js'
import { processEnd } from '../../../src/base/process-end.js'
import type { Exporter } from '../../../src/base/exporter.js'
import { currentFrame } from '../../../src/base/context.js'
import { withTags, currentTags } from '../../../src/stats/tags/current-tags.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import { AsyncTransport } from '../../../src/exporters/transport/async-transport.js'
import type { AsyncTransportOptions } from '../../../src/exporters/transport/async-transport-options.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const never = new Promise<never>(() => {})
const busy = (options: { delivered?: number; retryAfterMs?: number } = {}): ExportError =>
  new ExportError('ERR_TEST', 'busy', { retryable: true, ...options })

let clock: ManualClock
/** Sizes of the batches that the exporter has got, each with the time. */
let batches: [ms: number, items: number][]
let warnings: string[]

beforeEach(() => {
  clock = new ManualClock()
  batches = []
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
})
afterEach(() => void vi.restoreAllMocks())

/** A transport whose exporter answers with the next of the ends given, and then always with the last. */
function transport(options: AsyncTransportOptions<number> = {}, ...ends: (() => unknown)[]) {
  const exporter: Exporter<number> = {
    export: (items) => {
      batches.push([clock.monotonicMs(), items.length])
      const end = ends.length > 1 ? ends.shift() : ends[0]
      return end?.() as Promise<void>
    },
  }
  // Each test has its own subject, because a warning is logged once per subject.
  Object.assign(exporter, { name: `exporter of ${expect.getState().currentTestName}`.slice(-100) })
  return new AsyncTransport(exporter, { clock, random: () => 0.5, ...options })
}

function send(to: { send(item: number): void }, items: number): void {
  for (let i = 0; i < items; i++) to.send(i)
}

const fail = (error: unknown) => () => Promise.reject(error)
const books = (accepted: number, exported: number, rejected: number, dropped: number, queued: number, inFlight: number) => ({
  accepted,
  exported,
  rejected,
  dropped,
  queued,
  inFlight,
})

describe('a batch is exported', () => {
  test('when its first item has waited 60 000 ms', async () => {
    const to = transport()
    await clock.advanceAsync(500)
    send(to, 1)
    await clock.advanceAsync(30_000)
    send(to, 1)
    await clock.advanceAsync(29_999)
    expect(to.accounting).toEqual(books(2, 0, 0, 0, 2, 0))
    await clock.advanceAsync(1)
    expect(batches).toEqual([[60_500, 2]])
    expect(to.accounting).toEqual(books(2, 2, 0, 0, 0, 0))
    expect(clock.timers).toBe(0)
  })

  test('when 600 items are queued, asynchronously', async () => {
    const to = transport()
    send(to, 600)
    expect(batches).toEqual([])
    await clock.advanceAsync(0)
    expect(batches).toEqual([[0, 600]])
  })

  test('and the remaining items wait for their own time', async () => {
    const to = transport({ maxBatchSize: 2, waitPeriodMs: 1_000 })
    send(to, 1)
    await clock.advanceAsync(400)
    send(to, 2)
    await clock.advanceAsync(599)
    expect(batches).toEqual([[400, 2]])
    await clock.advanceAsync(10_000)
    expect(batches).toEqual([
      [400, 2],
      [1_400, 1],
    ])
  })

  test('and the next immediately while there are full batches', async () => {
    const slow = () => new Promise<void>((resolve) => void clock.setTimer(10, resolve))
    const to = transport({ maxBatchSize: 2, waitPeriodMs: 1_000 }, slow)
    send(to, 7)
    await clock.advanceAsync(100)
    expect(batches).toEqual([
      [0, 2],
      [10, 2],
      [20, 2],
    ])
    expect(to.accounting).toEqual(books(7, 6, 0, 0, 1, 0))
  })

  // The shared cases of transports: what is queued, the batch size, the batches.
  test.each([
    [1, 600, [1]],
    [5, 2, [2, 2, 1]],
    [1_300, 600, [600, 600, 100]],
  ])('%i items in batches of at most %i', async (queued, maxBatchSize, sizes) => {
    const to = transport({ maxBatchSize })
    send(to, queued)
    await to.flush()
    expect(batches.map(([, items]) => items)).toEqual(sizes)
  })
})

describe('a queue', () => {
  test('that is full drops new items, 2 048 by default', async () => {
    const to = transport({}, () => never)
    send(to, 600)
    await clock.advanceAsync(0)
    send(to, 3_000)
    expect(to.accounting).toEqual(books(3_600, 0, 0, 952, 2_048, 600))
    expect(warnings).toHaveLength(1)
  })

  test('may be limited in bytes', () => {
    const to = transport({ maxQueueBytes: 100, itemBytes: () => 30 })
    send(to, 5)
    expect(to.accounting).toEqual(books(5, 0, 0, 2, 3, 0))
  })

  test('is exported when it has half of its bytes, since it may never have room for a whole batch', async () => {
    const to = transport({ maxQueueBytes: 100, itemBytes: () => 30 })
    send(to, 1)
    await clock.advanceAsync(0)
    expect(to.accounting).toEqual(books(1, 0, 0, 0, 1, 0))
    for (let i = 0; i < 10; i++) {
      send(to, 1)
      await clock.advanceAsync(0)
    }
    expect(to.accounting).toEqual(books(11, 10, 0, 0, 1, 0))
  })

  test('estimates sizes by default and accepts items that cannot be measured', () => {
    const to = new AsyncTransport<unknown>({ export() {} }, { clock, maxQueueBytes: 30 })
    const unreadable = {
      get a() {
        throw new Error('no')
      },
    }
    for (const item of ['12345', unreadable, '12345', '12345']) to.send(item)
    expect(to.accounting).toEqual(books(4, 0, 0, 1, 3, 0))
  })

  test('holds 8 MiB by default', () => {
    const to = new AsyncTransport<unknown>({ export() {} }, { clock })
    for (let i = 0; i < 20; i++) to.send('x'.repeat(1 << 20))
    expect(to.accounting).toEqual(books(20, 0, 0, 13, 7, 0))
  })

  test('has room again after an export', async () => {
    const to = transport({ maxQueueSize: 3, maxQueueBytes: 90, itemBytes: () => 30 })
    send(to, 4)
    await to.flush()
    send(to, 2)
    expect(to.accounting).toEqual(books(6, 3, 0, 1, 2, 0))
  })
})

describe('a failure', () => {
  test('that is retryable is retried after 1, 2, 4, 8, 16 s and then dropped', async () => {
    const to = transport({}, fail(busy()))
    send(to, 600)
    await clock.advanceAsync(100_000)
    expect(batches.map(([ms]) => ms)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000])
    expect(to.accounting).toEqual(books(600, 0, 600, 0, 0, 0))
  })

  test.each([
    [0, 800],
    [1, 1_200],
  ])('is retried with a jitter of a fifth: random %d, %i ms', async (random, delayMs) => {
    const to = transport({ random: () => random }, fail(busy()), () => {})
    send(to, 600)
    await clock.advanceAsync(10_000)
    expect(batches.map(([ms]) => ms)).toEqual([0, delayMs])
    expect(to.accounting.exported).toBe(600)
  })

  test('waits at most 30 s between attempts', async () => {
    const to = transport({ retries: 8 }, fail(busy()))
    send(to, 600)
    await clock.advanceAsync(200_000)
    expect(batches.map(([ms]) => ms / 1_000)).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121])
  })

  test.each<[unknown, number]>([
    [7_000, 7_000],
    [1e9, 60_000],
    [0, 0],
    [-5, 1_000],
    [Number.NaN, 1_000],
    ['soon', 1_000],
  ])('that requests a delay of %s ms is retried after %i ms', async (retryAfterMs, delayMs) => {
    const to = transport({}, fail(busy({ retryAfterMs: retryAfterMs as number })), () => {})
    send(to, 600)
    await clock.advanceAsync(100_000)
    expect(batches.map(([ms]) => ms)).toEqual([0, delayMs])
  })

  test.each<[string, () => number]>([
    [
      'throws',
      () => {
        throw new Error('planted')
      },
    ], // prettier-ignore
    ['returns NaN', () => Number.NaN],
    ['returns 1e9', () => 1e9],
  ])('is retried without a jitter if random %s', async (_what, random) => {
    const to = transport({ random, maxBatchSize: 1 }, fail(busy()), () => {})
    send(to, 1)
    await clock.advanceAsync(1_000)
    expect(batches).toEqual([
      [0, 1],
      [1_000, 1],
    ])
    expect(to.accounting).toEqual(books(1, 1, 0, 0, 0, 0))
  })

  test('that is not retryable is not retried', async () => {
    const to = transport({}, fail(new ExportError('ERR_TEST', 'bad request', { retryable: false })))
    send(to, 600)
    await clock.advanceAsync(100_000)
    expect(batches).toHaveLength(1)
    expect(to.accounting).toEqual(books(600, 0, 600, 0, 0, 0))
    expect(warnings[0]).toMatch(/failed, 600 items are lost: bad request$/)
  })

  test.each<[string, unknown, number]>([
    ['an error of another kind', new Error('no'), 1],
    ['nothing', undefined, 1],
    ['a frozen object', Object.freeze({}), 1],
    [
      'an object that cannot be read',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no')
          },
        },
      ),
      1,
    ],
    ['a refused connection', Object.assign(new Error('no'), { code: 'ECONNREFUSED' }), 6],
    ['what fetch makes of it', new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }), 6],
    ['a word of another library', { retryable: true }, 6],
  ])('with %s: %3$i tries', async (_, error, tries) => {
    const to = transport({}, fail(error))
    send(to, 600)
    await clock.advanceAsync(100_000)
    expect(batches).toHaveLength(tries)
    expect(to.accounting).toEqual(books(600, 0, 600, 0, 0, 0))
  })

  test('of a part of a batch resends only the rest', async () => {
    const to = transport({}, fail(busy({ delivered: 500 })), fail(busy({ delivered: 99 })), () => {})
    send(to, 600)
    await clock.advanceAsync(0)
    expect(to.accounting).toEqual(books(600, 500, 0, 0, 0, 100))
    await clock.advanceAsync(100_000)
    expect(batches.map(([, items]) => items)).toEqual([600, 100, 1])
    expect(to.accounting).toEqual(books(600, 600, 0, 0, 0, 0))
  })

  test('that reports more items than were sent counts the sent ones', async () => {
    const to = transport({}, fail(busy({ delivered: 1e9 })))
    send(to, 600)
    await clock.advanceAsync(100_000)
    expect(to.accounting).toEqual(books(600, 600, 0, 0, 0, 0))
  })

  test('of an exporter that changes its batch does not change what is resent', async () => {
    const seen: number[][] = []
    const exporter = {
      export: (items: readonly number[]) => {
        seen.push([...items])
        ;(items as number[]).length = 0
        if (seen.length === 1) throw busy()
      },
    }
    const to = new AsyncTransport(exporter, { clock, maxBatchSize: 2 })
    send(to, 2)
    await clock.advanceAsync(5_000)
    expect(seen).toEqual([
      [0, 1],
      [0, 1],
    ])
  })

  test('delays later items without losing them', async () => {
    const to = transport({ maxBatchSize: 2 }, fail(busy()), () => {})
    send(to, 5)
    await clock.advanceAsync(500)
    expect(to.accounting).toEqual(books(5, 0, 0, 0, 3, 2))
    await clock.advanceAsync(500)
    expect(to.accounting).toEqual(books(5, 4, 0, 0, 1, 0))
  })
})

describe('an exporter that hangs', () => {
  test('loses its batch after 10 000 ms and gets no other before the export has ended', async () => {
    let end!: () => void
    const to = transport(
      { maxBatchSize: 2 },
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
      () => {},
    )
    send(to, 4)
    await clock.advanceAsync(9_999)
    expect(to.accounting).toEqual(books(4, 0, 0, 0, 2, 2))
    await clock.advanceAsync(50_000)
    expect(to.accounting).toEqual(books(4, 0, 2, 0, 2, 0))
    expect(batches).toHaveLength(1)
    end()
    await clock.advanceAsync(0)
    expect(to.accounting).toEqual(books(4, 2, 2, 0, 0, 0))
  })

  test('and never settles gets the next batch a minute after its time-out', async () => {
    const to = transport(
      { maxBatchSize: 2 },
      () => never,
      () => {},
    )
    send(to, 4)
    await clock.advanceAsync(69_999)
    expect(batches).toHaveLength(1)
    await clock.advanceAsync(1)
    expect(to.accounting).toEqual(books(4, 2, 2, 0, 0, 0))
  })

  test('and rejects late has no further effect', async () => {
    let refuse!: (error: Error) => void
    const to = transport(
      { maxBatchSize: 2 },
      () =>
        new Promise<void>((_, reject) => {
          refuse = reject
        }),
      () => {},
    )
    send(to, 2)
    await clock.advanceAsync(20_000)
    refuse(busy())
    await clock.advanceAsync(100_000)
    expect([batches.length, to.accounting]).toEqual([1, books(2, 0, 2, 0, 0, 0)])
  })
})

test('a TransportError ends the transport: every item is counted, and it is logged once', async () => {
  const to = transport({ maxBatchSize: 2 }, fail(new TransportError('ERR_GONE', 'gone')))
  send(to, 5)
  const flushed = to.flush()
  await clock.advanceAsync(0)
  await flushed
  send(to, 1)
  expect(to.accounting).toEqual(books(6, 0, 2, 4, 0, 0))
  expect(clock.timers).toBe(0)
})

describe('flush', () => {
  test('resolves when all items sent before are exported, without waiting for later ones', async () => {
    const slow = () => new Promise<void>((resolve) => void clock.setTimer(10, resolve))
    const to = transport({ maxBatchSize: 2 }, slow)
    send(to, 3)
    let isDone = false
    const flushed = to.flush().then(() => {
      isDone = true
    })
    await clock.advanceAsync(15)
    send(to, 2)
    expect(isDone).toBe(false)
    await clock.advanceAsync(5)
    await flushed
    expect(to.accounting).toEqual(books(5, 3, 0, 0, 0, 2))
  })

  test('resolves after its time-out, the grace period by default, and loses nothing', async () => {
    const to = transport({}, () => never)
    send(to, 1)
    const ends: string[] = []
    void to.flush().then(() => ends.push(`flush ${clock.monotonicMs()}`))
    void to.flush(100).then(() => ends.push(`flush(100) ${clock.monotonicMs()}`))
    await clock.advanceAsync(6_000)
    expect(ends).toEqual(['flush(100) 100', 'flush 5000'])
    expect(to.accounting).toEqual(books(1, 0, 0, 0, 0, 1))
  })

  test('of an empty transport resolves immediately', async () => {
    await transport().flush()
  })

  test('a thousand times concurrently is one export', async () => {
    const to = transport()
    send(to, 10)
    const flushes = Array.from({ length: 1_000 }, () => to.flush())
    expect(new Set(flushes).size).toBe(1)
    await Promise.all(flushes)
    expect(batches).toHaveLength(1)
    expect(clock.timers).toBe(0)
  })

  test('does not shorten the delay before a retry', async () => {
    const to = transport({}, fail(busy()), () => {})
    send(to, 1)
    const flushed = to.flush()
    await clock.advanceAsync(999)
    expect(batches).toHaveLength(1)
    await clock.advanceAsync(1)
    await flushed
    expect(to.accounting.exported).toBe(1)
  })

  test.each([-1, Number.NaN, 'x'])('with the time-out %s uses the default', async (timeoutMs) => {
    const to = transport({}, () => never)
    send(to, 1)
    const flushed = to.flush(timeoutMs as number)
    await clock.advanceAsync(5_000)
    await flushed
  })
})

describe('shutdown', () => {
  test('exports everything, then shuts the exporter down; a second call returns the same promise', async () => {
    const calls: string[] = []
    const exporter = {
      export: async () => {
        calls.push('export')
      },
      shutdown: async () => {
        calls.push('shutdown')
      },
    }
    const to = new AsyncTransport(exporter, { clock, maxBatchSize: 2 })
    send(to, 3)
    expect(to.shutdown()).toBe(to.shutdown())
    await to.shutdown()
    expect(calls).toEqual(['export', 'export', 'shutdown'])
    expect(clock.timers).toBe(0)
  })

  test('counts items sent afterwards as dropped', async () => {
    const to = transport()
    const ending = to.shutdown()
    send(to, 1)
    await ending
    send(to, 1)
    await to.flush()
    expect(to.accounting).toEqual(books(2, 0, 0, 2, 0, 0))
  })

  test('waits for the export in flight and does not send it twice', async () => {
    const to = transport({}, () => new Promise<void>((resolve) => void clock.setTimer(100, resolve)))
    send(to, 600)
    await clock.advanceAsync(50)
    const ending = to.shutdown()
    await clock.advanceAsync(1_000)
    await ending
    expect(batches).toHaveLength(1)
    expect(to.accounting).toEqual(books(600, 600, 0, 0, 0, 0))
  })

  test('ends the delay before a retry', async () => {
    const to = transport({}, fail(busy()), () => {})
    send(to, 600)
    await clock.advanceAsync(100)
    const ending = to.shutdown()
    await clock.advanceAsync(0)
    await ending
    expect(batches.map(([ms]) => ms)).toEqual([0, 100])
    expect(to.accounting.exported).toBe(600)
  })

  test('ends after the grace period if the exporter hangs, and logs the number of lost items', async () => {
    const shutdown = vi.fn(() => never)
    const exporter = { name: 'hanging', export: () => never, shutdown }
    const to = new AsyncTransport(exporter, { clock, maxBatchSize: 2, gracePeriodMs: 3_000 })
    send(to, 5)
    let endMs = 0
    const ending = to.shutdown().then(() => {
      endMs = clock.monotonicMs()
    })
    await clock.advanceAsync(10_000)
    await ending
    expect(endMs).toBe(3_000)
    expect(to.accounting).toEqual(books(5, 0, 0, 5, 0, 0))
    expect(warnings).toEqual([
      'exporter hanging did not export 5 items, which are lost (grace_period)',
      'exporter hanging did not shut down within the grace period',
    ])
    expect(shutdown).toHaveBeenCalledOnce()
    expect(clock.timers).toBe(0)
  })

  test('retries within the grace period only', async () => {
    const to = transport({}, fail(busy()))
    send(to, 1)
    const ending = to.shutdown()
    await clock.advanceAsync(10_000)
    await ending
    expect(batches.map(([ms]) => ms)).toEqual([0, 1_000, 3_000])
    expect(to.accounting).toEqual(books(1, 0, 0, 1, 0, 0))
  })

  test('a failing exporter shutdown is logged', async () => {
    const exporter = {
      name: 'stubborn',
      export() {},
      shutdown: () => {
        throw new Error('no')
      },
    }
    await new AsyncTransport(exporter, { clock }).shutdown()
    expect(warnings).toEqual(['exporter stubborn could not be shut down properly: no'])
  })
})

describe('flushSync', () => {
  test('exports queued items synchronously', () => {
    const exportSync = vi.fn()
    const to = new AsyncTransport({ export() {}, exportSync } as Exporter<number>, { clock })
    send(to, 3)
    to.flushSync()
    expect(exportSync.mock.calls).toEqual([[[0, 1, 2]]])
    expect(to.accounting).toEqual(books(3, 3, 0, 0, 0, 0))
  })

  test('makes the exporter write pending items, and counts them once', async () => {
    let end!: () => void
    const flushed: string[] = []
    const exporter = {
      export: () => new Promise<void>((resolve) => (end = resolve)),
      flushSync: () => void flushed.push('given'),
      exportSync: (items: readonly number[]) => void flushed.push(items.join()),
    }
    const to = new AsyncTransport<number>(exporter, { clock, maxBatchSize: 2 })
    send(to, 3)
    await clock.advanceAsync(0)
    to.flushSync()
    expect(flushed).toEqual(['given', '2'])
    expect(to.accounting).toEqual(books(3, 3, 0, 0, 0, 0))
    end()
    await clock.advanceAsync(0)
    expect(to.accounting).toEqual(books(3, 3, 0, 0, 0, 0))
  })

  test('ignores a running export, unless the process ends: then its items are counted as lost', async () => {
    const to = new AsyncTransport<number>({ export: () => new Promise<void>(() => {}) }, { clock, maxBatchSize: 2 })
    send(to, 2)
    await clock.advanceAsync(0)
    to.flushSync()
    expect(to.accounting).toEqual(books(2, 0, 0, 0, 0, 2))
    processEnd.isNow = true
    try {
      to.flushSync()
    } finally {
      processEnd.isNow = false
    }
    expect(to.accounting).toEqual(books(2, 0, 0, 2, 0, 0))
  })

  test('counts the items of an exporter that throws or has no synchronous export', () => {
    const throwing = new AsyncTransport(
      {
        export() {},
        exportSync: () => {
          throw busy({ delivered: 1 })
        },
      } as Exporter<number>,
      { clock },
    )
    const without = new AsyncTransport<number>({ export() {} }, { clock })
    for (const to of [throwing, without]) {
      send(to, 3)
      to.flushSync()
    }
    expect(throwing.accounting).toEqual(books(3, 1, 2, 0, 0, 0))
    expect(without.accounting).toEqual(books(3, 0, 0, 3, 0, 0))
  })
})

test("exports are neither traced nor measured, and run outside of the sender's context", async () => {
  const seen: unknown[] = []
  const to = transport({ maxBatchSize: 1 }, async () => {
    await Promise.resolve()
    seen.push(currentFrame().suppressed, currentTags().size)
  })
  withTags(TagMap.of({ user: 'x' }), () => send(to, 1))
  await clock.advanceAsync(0)
  await withTags(TagMap.of({ user: 'x' }), () => (send(to, 1), to.flush()))
  expect(seen).toEqual([true, 0, true, 0])
})

test.each([
  { maxQueueSize: 0 },
  { maxQueueBytes: 0 },
  { maxBatchSize: 1.5 },
  { waitPeriodMs: -1 },
  { waitPeriodMs: 2 ** 31 },
  { gracePeriodMs: Number.NaN },
  { exportTimeoutMs: 0 },
  { retries: '5' },
])('the option %o is refused', (options) => {
  expect(() => new AsyncTransport({ export() {} }, options as never)).toThrowError(
    expect.objectContaining({ name: 'DefinitionError', code: 'ERR_TRANSPORT_OPTION' }),
  )
})

test('an invalid exporter is refused', () => {
  expect(() => new AsyncTransport({} as never)).toThrowError(expect.objectContaining({ code: 'ERR_EXPORTER' }))
})
