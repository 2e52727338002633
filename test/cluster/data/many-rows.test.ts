import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { ChangedRows } from '../../../src/cluster/data/changed-rows.js'
import { type Contributor, DEFAULT_DATA_LIMITS } from '../../../src/cluster/frames/contributor.js'
import { MergedFamilies } from '../../../src/cluster/data/merged-families.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { amount, seed } from '../../faults/amount.js'

// Members with hundreds of rows in common, whose frames have many rows each. The values are compared with sums by labels.

const MEMBERS = 3
const KEYS = ['a', 'b', 'c', 'd']
type Totals = Map<string, number>

/** Returns the labels of row `number` of a universe: its strings repeat, are unset, or are too long to be remembered. */
function labelsOf(number: number, strings: number): Record<string, string> {
  const of = (key: string, value: number): string | undefined => {
    if (value % 17 === 3) return undefined
    return value % 13 === 5 ? `${key}${value}`.padEnd(70, '-') : `${key}${value}`
  }
  const values = [number % strings, Math.floor(number / 7) % strings, number % 3, Math.floor(number / 11) % strings]
  return Object.fromEntries(KEYS.flatMap((key, at) => (of(key, values[at]!) === undefined ? [] : [[key, of(key, values[at]!)!]])))
}

const keyOf = (labels: Record<string, string>): string => KEYS.map((key) => labels[key] ?? '').join()

class Member {
  readonly counter
  readonly reader: ChangedRows
  readonly live: Totals = new Map()
  readonly sent: Totals = new Map()
  /** Rows that were sent, and were removed since. */
  readonly removed = new Set<string>()
  readonly contributor: Contributor

  constructor(group: MergedFamilies, slot: number, keys: number) {
    const registry = new MetricRegistry({ clock: new ManualClock() })
    this.counter = registry.counter('jobs', { labelKeys: KEYS.slice(0, keys), rowLimit: 100_000 })
    this.reader = new ChangedRows([registry])
    this.contributor = group.contributor(`member ${slot}`, slot)
  }

  send(times: number): void {
    for (const frame of this.reader.framesNow()) for (let time = 0; time < times; time++) this.contributor.apply(frame)
  }
}

class ManyRows {
  readonly #group: MergedFamilies
  readonly #members: Member[]
  readonly #departed: Totals = new Map()
  readonly #strings: number
  readonly #keys: number

  constructor(keys: number, strings: number, mergedRows: number) {
    this.#keys = keys
    this.#strings = strings
    this.#group = new MergedFamilies({ clock: new ManualClock(), limits: { ...DEFAULT_DATA_LIMITS, mergedRows } })
    this.#members = Array.from({ length: MEMBERS }, (_, slot) => new Member(this.#group, slot, keys))
  }

  #labels(number: number): Record<string, string> {
    const all = labelsOf(number, this.#strings)
    return Object.fromEntries(Object.entries(all).filter(([key]) => KEYS.indexOf(key) < this.#keys))
  }

  add(slot: number, first: number, count: number, step: number): void {
    const { live, counter } = this.#members[slot]!
    for (let at = 0; at < count; at++) {
      const labels = this.#labels(first + at * step)
      counter.inc(1, labels as never)
      live.set(keyOf(labels), (live.get(keyOf(labels)) ?? 0) + 1)
    }
  }

  remove(slot: number, first: number, count: number): void {
    const { live, sent, removed, counter } = this.#members[slot]!
    for (let at = 0; at < count; at++) {
      const labels = this.#labels(first + at)
      const key = keyOf(labels)
      if (Object.keys(labels).length < this.#keys || !live.delete(key)) continue // removing by fewer labels would remove more rows
      counter.remove(labels as never)
      if (sent.has(key)) removed.add(key)
    }
  }

  send(slot: number, times = 1): void {
    const member = this.#members[slot]!
    member.send(times)
    const { live, sent, removed } = member
    for (const key of removed) {
      const isHeld = this.#members.some((other) => other !== member && other.sent.has(key))
      if (isHeld) this.#departed.set(key, (this.#departed.get(key) ?? 0) + sent.get(key)!)
      else this.#departed.delete(key)
      sent.delete(key)
    }
    removed.clear()
    for (const [key, value] of live) sent.set(key, value)
  }

  reconnect(slot: number): void {
    this.send(slot)
    this.#members[slot]!.reader.restart()
    this.send(slot)
  }

  depart(slot: number): void {
    const { contributor, sent } = this.#members[slot]!
    contributor.depart()
    for (const [key, value] of sent) this.#departed.set(key, (this.#departed.get(key) ?? 0) + value)
    this.#members[slot] = new Member(this.#group, slot, this.#keys)
  }

  get expected(): Totals {
    const totals = new Map(this.#departed)
    for (const { sent } of this.#members) for (const [key, value] of sent) totals.set(key, (totals.get(key) ?? 0) + value)
    return totals
  }

  get shown(): Totals {
    const rows = this.#group.getMetrics().flatMap(({ timeSeries }) => timeSeries)
    const totals: Totals = new Map()
    for (const { labelValues, overflow, points } of rows) {
      const key = overflow === true ? 'overflow' : KEYS.map((_, at) => labelValues[at] ?? '').join()
      expect(totals.has(key)).toBe(false)
      totals.set(key, Number(points[0]!.value))
    }
    return totals
  }
}

const sumOf = (totals: Totals): number => [...totals.values()].reduce((sum, value) => sum + value, 0)

interface Step {
  readonly do: string
  readonly slot: number
  readonly first: number
  readonly count: number
  readonly step: number
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: fc.constantFrom('add', 'add', 'add', 'send', 'send', 'send twice', 'reconnect', 'remove', 'depart'),
    slot: fc.nat(MEMBERS - 1),
    first: fc.nat(2_000),
    count: fc.integer({ min: 1, max: 700 }),
    step: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 25 },
)

function run(rows: ManyRows, all: readonly Step[], check: () => void): void {
  for (const { do: step, slot, first, count, step: stride } of all) {
    if (step === 'add') rows.add(slot, first, count, stride)
    else if (step === 'remove') rows.remove(slot, first, count)
    else if (step === 'reconnect') rows.reconnect(slot)
    else if (step === 'depart') rows.depart(slot)
    else rows.send(slot, step === 'send' ? 1 : 2)
    check()
  }
}

const universe = fc.record({ keys: fc.integer({ min: 1, max: 4 }), strings: fc.constantFrom(4, 40, 300, 5_000) })

test('many rows at once have the sums of their members, with any number of labels and strings', { timeout: 3_600_000 }, () => {
  fc.assert(
    fc.property(universe, steps, ({ keys, strings }, all) => {
      const rows = new ManyRows(keys, strings, 100_000)
      run(rows, all, () => expect(rows.shown).toEqual(rows.expected))
    }),
    { numRuns: amount(25, 5_000), seed: seed() },
  )
})

test('rows have their own labels if a number stands for one string after the other', () => {
  const group = new MergedFamilies({ clock: new ManualClock(), limits: DEFAULT_DATA_LIMITS })
  const members = [new Member(group, 0, 3), new Member(group, 1, 3)]
  const expected: Totals = new Map()
  for (let at = 0; at < 6_000; at++) {
    // The first rows have more strings than are remembered. The last ones have only strings that were sent before, with other numbers.
    const user = at < 5_000 ? at : 4_900 + (at % 90)
    const labels = { a: `group ${at % 10}`, b: `user ${user}`, c: `kind ${at % 7}` }
    for (const { counter } of members) counter.inc(1, labels as never)
    const key = Object.values(labels).join()
    expected.set(key, (expected.get(key) ?? 0) + members.length)
  }
  for (const member of members) member.send(1)
  const rows = group.getMetrics().flatMap(({ timeSeries }) => timeSeries)
  expect(new Map(rows.map(({ labelValues, points }) => [labelValues.join(), points[0]!.value]))).toEqual(expected)
})

test('many rows beyond the limit are added up in the overflow row, and the others are at most as many as the limit', {
  timeout: 3_600_000,
}, () => {
  fc.assert(
    fc.property(universe, fc.integer({ min: 1, max: 600 }), steps, ({ keys, strings }, limit, all) => {
      const rows = new ManyRows(keys, strings, limit)
      const grows = all.filter((step) => step.do !== 'remove')
      run(rows, grows, () => {
        const { shown, expected } = rows
        expect(sumOf(shown)).toBe(sumOf(expected))
        expect([...shown.keys()].filter((key) => key !== 'overflow').length).toBeLessThanOrEqual(limit)
      })
    }),
    { numRuns: amount(25, 2_000), seed: seed() },
  )
})
