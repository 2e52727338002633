import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { ChangedRows } from '../../../src/cluster/data/changed-rows.js'
import { type Contributor, DEFAULT_DATA_LIMITS } from '../../../src/cluster/frames/contributor.js'
import { MergedFamilies } from '../../../src/cluster/data/merged-families.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { amount, seed } from '../../faults/amount.js'
import { GroupModel, linesOf, ROUTES, withoutExemplar } from './group-model.js'
import { CUMULATIVES, type Entry, GAUGES, ModelledEngine, SHARED_VIEWS } from './modelled-engine.js'

// Random members with metrics of each kind record, send, reconnect, remove rows and views, and end. After each step the page of the group
// is compared with that of one engine that has received all values.

const MEMBERS = 3
const FAMILIES = [...CUMULATIVES.filter((family) => !SHARED_VIEWS.includes(family)), ...GAUGES]
const DO = {
  ...{ record: 12, recordShared: 14, send: 12, twice: 2, copy: 4, advance: 4 },
  ...{ reconnect: 2, cut: 2, remove: 3, clear: 1, view: 2, depart: 1, late: 1, keeper: 1 },
} as const

interface Step {
  readonly do: keyof typeof DO
  readonly member: number
  readonly pick: number
  readonly route: string
  readonly value: number
  readonly isTraced: boolean
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: fc.oneof(...Object.entries(DO).map(([step, weight]) => ({ weight, arbitrary: fc.constant(step as keyof typeof DO) }))),
    member: fc.nat(MEMBERS - 1),
    pick: fc.nat(1_000),
    route: fc.constantFrom(...ROUTES),
    value: fc.nat(64).map((eighths) => eighths / 8),
    isTraced: fc.boolean(),
  }),
  { maxLength: 60 },
)

const merged = (clock: ManualClock): MergedFamilies => new MergedFamilies({ clock, limits: DEFAULT_DATA_LIMITS, perMember: ['each'] })

interface Member {
  readonly engine: ModelledEngine
  readonly reader: ChangedRows
  contributor: Contributor
  hasSent: boolean
}

class ModelledGroup {
  readonly #clock = new ManualClock({ unixMs: 1_000 })
  readonly #model = new GroupModel(this.#clock, MEMBERS)
  #group = merged(this.#clock)
  readonly #members: Member[] = Array.from({ length: MEMBERS }, (_, slot) => this.#member(slot))
  #copy = this.#newCopy()
  /** False after a change of the keeper, because the exemplars of members that have ended are lost then. */
  #hasExemplars = true

  /** @param focus Chooses the three families that a case has, so that members often have the same rows. */
  step({ do: step, member: slot, pick, route, value, isTraced }: Step, focus: number): void {
    this.#clock.advance(1)
    const member = this.#members[slot]!
    const family = FAMILIES[(focus + (pick % 3)) % FAMILIES.length]!
    const view = SHARED_VIEWS[pick % SHARED_VIEWS.length]!
    const any = pick % 2 === 0 ? family : view
    switch (step) {
      case 'record':
        return this.#record(slot, [family], route, { value: Math.floor(value) + 1, atMs: this.#clock.unixMs() })
      case 'recordShared': {
        const trace = isTraced ? `trace ${this.#clock.unixMs()}` : undefined
        return this.#record(slot, SHARED_VIEWS, route, { value, atMs: this.#clock.unixMs(), trace })
      }
      case 'advance':
        return this.#clock.advance(700)
      case 'remove':
        if (any === 'state' || any === 'info') return
        member.engine.remove(any, route)
        this.#model.remove(slot, any, route)
        return any.startsWith('snapshot') ? this.#send(slot) : undefined
      case 'clear':
        if (family === 'wait') return
        member.engine.clear(family)
        this.#model.remove(slot, family)
        return family.startsWith('snapshot') ? this.#send(slot) : undefined
      case 'view':
        if (!this.#model.toggleView(slot, view)) return member.engine.unregisterView(view)
        this.#send(slot) // as after a reconnection, its values could not be distinguished from the former ones
        return member.engine.registerView(view)
      case 'send':
        return this.#send(slot)
      case 'twice':
        return this.#send(slot, 2)
      case 'reconnect':
      case 'cut':
        if (this.#model.hasReplacedRows(slot)) this.#send(slot)
        if (step === 'cut') this.#cut(member, pick)
        member.reader.restart()
        this.#model.setHidden(slot, false)
        return this.#send(slot)
      case 'late':
        if (!member.hasSent) return
        member.contributor.showGauges(false)
        return this.#model.setHidden(slot, true)
      case 'depart':
        member.contributor.depart()
        this.#model.depart(slot)
        this.#members[slot] = this.#member(slot)
        return
      case 'keeper':
        return this.#changeKeeper()
      case 'copy':
    }
  }

  check(): void {
    const expected = this.#model.lines()
    const shown = linesOf([this.#group], this.#hasExemplars)
    expect(shown).toEqual(this.#hasExemplars ? expected : expected.map(withoutExemplar).sort())
  }

  checkCopy(): void {
    this.#copy.send()
    expect(linesOf([this.#copy.rows])).toEqual(linesOf([this.#group]))
  }

  #record(slot: number, families: readonly string[], route: string, entry: Entry): void {
    const { engine } = this.#members[slot]!
    if (families === SHARED_VIEWS) engine.recordShared(entry, { route })
    else for (const family of families) engine.record(family, entry, { route })
    for (const family of families) this.#model.record(slot, family, entry, route)
  }

  #send(slot: number, times = 1): void {
    const member = this.#members[slot]!
    const { reader, contributor } = member
    member.hasSent = true
    for (const frame of reader.framesNow()) for (let time = 0; time < times; time++) contributor.apply(frame)
    this.#model.send(slot)
  }

  /** A connection that ends after some frames of all rows. */
  #cut({ reader, contributor }: Member, pick: number): void {
    reader.restart()
    let left = pick % 15
    for (const frame of reader.framesNow()) {
      if (left-- === 0) return
      contributor.apply(frame)
    }
  }

  #changeKeeper(): void {
    for (let slot = 0; slot < MEMBERS; slot++) this.#send(slot)
    const departed: MetricProducer = { getMetrics: () => [], getFamilies: () => former.departed() }
    const former = this.#group
    this.#group = merged(this.#clock)
    const contributor = this.#group.contributor('departed', 99)
    for (const frame of new ChangedRows([departed]).framesNow()) contributor.apply(frame)
    contributor.depart()
    this.#model.keeperChanged()
    this.#hasExemplars = false
    for (const [slot, member] of this.#members.entries()) {
      member.contributor = this.#group.contributor(`member ${slot}`, slot)
      member.reader.restart()
      this.#send(slot)
    }
    this.#copy = this.#newCopy()
  }

  #newCopy() {
    const rows = new MergedFamilies({ clock: this.#clock, limits: DEFAULT_DATA_LIMITS })
    const contributor = rows.contributor('copy', 0)
    const reader = new ChangedRows([this.#group])
    return {
      rows,
      send: () => {
        for (const frame of reader.framesNow()) contributor.apply(frame)
      },
    }
  }

  #member(slot: number): Member {
    const engine = new ModelledEngine(this.#clock, false)
    return {
      engine,
      reader: new ChangedRows(engine.producers),
      contributor: this.#group.contributor(`member ${slot}`, slot),
      hasSent: false,
    }
  }
}

test('the page of a group is that of one engine with all values, whatever its members do', { timeout: 3_600_000 }, () => {
  fc.assert(
    fc.property(steps, fc.nat(FAMILIES.length - 1), (all, focus) => {
      const group = new ModelledGroup()
      for (const step of all) {
        group.step(step, focus)
        group.check()
        if (step.do === 'copy') group.checkCopy()
      }
      group.checkCopy()
    }),
    { numRuns: amount(150, 20_000), seed: seed() },
  )
})
