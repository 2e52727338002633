import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { internalMetrics } from '../../../src/base/internal-metrics.js'
import { beginGathering, gather, type GatherFailure, gatherFamilies, type GatherOptions } from '../../../src/metrics/collection/gather.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const metric = (name: string): Metric => ({
  descriptor: { name, description: '', unit: '1', type: 'GAUGE_DOUBLE', labelKeys: [] },
  timeSeries: [{ labelValues: [], points: [{ timeUnixMs: 0, value: 1 }] }],
})
const producer = (name: string, getMetrics: MetricProducer['getMetrics']): MetricProducer => ({ name, getMetrics })
const good = (name: string): MetricProducer => producer(name, () => [metric(name)])
const never = new Promise<never>(() => {})

const names = (metrics: readonly { descriptor: { name: string } }[]): string[] => metrics.map(({ descriptor }) => descriptor.name)

function failures(name: string, reason: string): number {
  const series = internalMetrics.get('tallyscope_producer_failures_total')?.series.values() ?? []
  return [...series].find(({ labelValues }) => labelValues[0] === name && labelValues[1] === reason)?.count.value ?? 0
}

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

test('metrics are in the order of the producers, whichever returns first', async () => {
  const slow = producer('slow', async () => {
    await new Promise(setImmediate)
    return [metric('slow')]
  })
  expect(names(await gather([slow, good('quick')]))).toEqual(['slow', 'quick'])
})

test('a second gathering does not wait for the first', async () => {
  const clock = new ManualClock()
  const both = Promise.all([gather([good('a')], { clock }), gather([good('b')], { clock })])
  expect((await both).map(names)).toEqual([['a'], ['b']])
})

describe('a failing producer omits only its own metrics', () => {
  const cases: [string, string, MetricProducer['getMetrics']][] = [
    [
      'throws',
      'throw',
      () => {
        throw new Error('no')
      },
    ],
    [
      'throws nothing',
      'throw',
      () => {
        throw undefined
      },
    ], // oxlint-disable-line typescript/only-throw-error
    ['rejects', 'reject', () => Promise.reject(new Error('no'))],
    ['rejects with a frozen object', 'reject', () => Promise.reject(Object.freeze({}))],
    ['never answers', 'timeout', () => never],
    ['gives nothing', 'invalid', () => undefined as never],
    ['gives a promise of nothing', 'invalid', () => Promise.resolve(null) as never],
    ['gives something else', 'invalid', () => [{ name: 'x' }] as never],
    [
      'gives a list that throws',
      'throw',
      () =>
        ({
          *[Symbol.iterator]() {
            throw new Error('half-way')
          },
        }) as never,
    ],
  ]
  test.each(cases)('a producer that %s is counted as %s', async (how, reason, getMetrics) => {
    const clock = new ManualClock()
    const reported: GatherFailure[] = []
    const name = `that ${how}`
    const gathering = gather([good('a'), producer(name, getMetrics), good('b')], { clock, onFailure: (failure) => reported.push(failure) })
    await clock.advanceAsync(10_000)
    expect(names(await gathering)).toEqual(['a', 'b'])
    expect(failures(name, reason)).toBe(1)
    expect(reported.map((failure) => [failure.producer, failure.reason])).toEqual([[name, reason]])
    expect(vi.mocked(process.emitWarning)).toHaveBeenCalledOnce()
    expect(clock.timers).toBe(0)
  })
})

test('a failure is logged once, and counted each time', async () => {
  const broken = producer('failing', () => {
    throw new Error('no')
  })
  for (let i = 0; i < 3; i++) await gather([broken])
  expect(vi.mocked(process.emitWarning)).toHaveBeenCalledOnce()
  expect(vi.mocked(process.emitWarning).mock.calls[0]).toEqual([
    'the metrics of failing are missing, the producer threw: no',
    { type: 'TallyscopeWarning', code: 'TALLYSCOPE_PRODUCER_FAILED' },
  ])
  expect(failures('failing', 'throw')).toBe(3)
})

test('a result after the time-out is ignored, and so is a late rejection', async () => {
  const clock = new ManualClock()
  let answer!: (metrics: Metric[]) => void
  let refuse!: (error: Error) => void
  const late = producer(
    'late',
    () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  )
  const later = producer(
    'later',
    () =>
      new Promise((_, reject) => {
        refuse = reject
      }),
  )
  const gathering = gather([late, later], { clock, timeoutMs: 100 })
  await clock.advanceAsync(100)
  const metrics = await gathering
  answer([metric('late')])
  refuse(new Error('late'))
  await clock.advanceAsync(0)
  expect(metrics).toEqual([])
  expect([failures('late', 'timeout'), failures('later', 'timeout'), failures('later', 'reject')]).toEqual([1, 1, 0])
})

/** A producer that answers when the test releases it. */
function answering(name: string) {
  const answers: ((metrics: Metric[]) => void)[] = []
  return { answers, producer: producer(name, () => new Promise((resolve) => void answers.push(resolve))) }
}

test('overlapping gatherings call an asynchronous producer once, however short their time-outs are', async () => {
  const clock = new ManualClock()
  const { answers, producer: slow } = answering('overlapped')
  const impatient = Array.from({ length: 100 }, () => gather([slow], { clock, timeoutMs: 1 }))
  const patient = [gather([slow], { clock }), gatherFamilies([slow], { clock })]
  await clock.advanceAsync(1)
  expect((await Promise.all(impatient)).flat()).toEqual([])
  const later = gather([slow], { clock })
  answers[0]!([metric('slow')])
  await clock.advanceAsync(0)
  expect((await Promise.all([...patient, later])).map(names)).toEqual([['slow'], ['slow'], ['slow']])
  expect(answers).toHaveLength(1)
  expect(failures('overlapped', 'stuck')).toBe(0)
})

test('a settled result is not reused, and the next gathering calls the producer again', async () => {
  const { answers, producer: slow } = answering('called again')
  for (const name of ['first', 'second']) {
    const gathering = gather([slow])
    answers.at(-1)!([metric(name)])
    expect(names(await gathering)).toEqual([name])
  }
})

test('a producer pending for a minute is called again, up to sixteen pending calls', async () => {
  const clock = new ManualClock()
  const { answers, producer: hanging } = answering('hanging')
  const gatherOnce = async () => {
    const gathering = gather([hanging], { clock, timeoutMs: 10 })
    await clock.advanceAsync(10)
    await gathering
  }
  for (let i = 0; i < 20; i++) {
    await gatherOnce()
    await gatherOnce()
    await clock.advanceAsync(60_000)
  }
  expect([answers.length, failures('hanging', 'timeout'), failures('hanging', 'stuck')]).toEqual([16, 32, 8])
  answers[0]!([])
  await clock.advanceAsync(0)
  await gatherOnce()
  expect(answers).toHaveLength(17)
})

test('a call may take longer than a minute if its time-out is longer', async () => {
  const clock = new ManualClock()
  const { answers, producer: slow } = answering('very slow')
  const first = gather([slow], { clock, timeoutMs: 300_000 })
  await clock.advanceAsync(120_000)
  const second = gather([slow], { clock, timeoutMs: 300_000 })
  answers[0]!([metric('slow')])
  await clock.advanceAsync(0)
  expect([names(await first), names(await second), answers.length]).toEqual([['slow'], ['slow'], 1])
})

test('a running gathering returns the metrics that have arrived', async () => {
  const { answers, producer: slow } = answering('awaited')
  const { all, soFar } = beginGathering([good('before'), slow, good('after')])
  expect(names(soFar())).toEqual(['before', 'after'])
  answers[0]!([metric('slow')])
  expect(names(await all)).toEqual(['before', 'slow', 'after'])
})

test('the caller may change the list it gets, and the producer its own', async () => {
  const own = [metric('a')]
  const first = await gather([producer('own', () => own)])
  first.pop()
  own.push(metric('b'))
  expect(names(await gather([producer('own', () => own)]))).toEqual(['a', 'b'])
  expect(first).toEqual([])
})

test('families come from getFamilies if it exists, from getMetrics otherwise', async () => {
  const rows = { ...good('with both'), getFamilies: () => [metric('family')] }
  expect(names(await gatherFamilies([rows, good('snapshot')]))).toEqual(['family', 'snapshot'])
})

test('a producer gets the time-out of the gathering', async () => {
  const getMetrics = vi.fn(() => [])
  await gather([{ getMetrics }], { timeoutMs: 250 })
  expect(getMetrics).toHaveBeenCalledWith({ timeoutMs: 250 })
})

test('a gathering without promises starts no timer', async () => {
  const clock = new ManualClock()
  const gathering = gather([good('a')], { clock })
  expect(clock.timers).toBe(0)
  await gathering
})

test.each<[string, unknown, GatherOptions, string]>([
  ['no list', good('a'), {}, 'ERR_PRODUCER'],
  ['no getMetrics', [{}], {}, 'ERR_PRODUCER'],
  ['nothing in the list', [undefined], {}, 'ERR_PRODUCER'],
  ['a time-out that is no number', [], { timeoutMs: '5' as never }, 'ERR_GATHER_TIMEOUT'],
  ['a time-out that Node would take for 1 ms', [], { timeoutMs: 2 ** 31 }, 'ERR_GATHER_TIMEOUT'],
])('%s is refused', async (_, producers, options, code) => {
  await expect(gather(producers as never, options)).rejects.toMatchObject({ name: 'DefinitionError', code })
})
