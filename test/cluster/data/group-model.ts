import { formatOpenMetrics } from '../../../src/exporters/prometheus/format/openmetrics-text.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { CUMULATIVES, type Entry, GAUGES, ModelledEngine, SHARED_VIEWS, STATES } from './modelled-engine.js'

/** A row: the values that were recorded since it was made. */
interface Row {
  readonly made: number
  entries: readonly Entry[]
  /** For gauges: the second in which the group got this value. */
  changedAt?: number
}
type Rows = Map<string, Map<string, Row>>

export const ROUTES = ['/', '/é'] as const
const isGauge = (family: string): boolean => (GAUGES as readonly string[]).includes(family)

/** What a group must show, computed from lists of all recorded values. */
export class GroupModel {
  readonly #clock: ManualClock
  readonly #live: Rows[]
  readonly #sent: Rows[]
  /** Values of ended members and of removed rows that other members still have. */
  readonly #departed: Map<string, Map<string, Entry[]>> = new Map()
  readonly #hidden: Set<number> = new Set()
  readonly #unregistered: Set<string> = new Set()
  #made = 0

  constructor(clock: ManualClock, members: number) {
    this.#clock = clock
    this.#live = Array.from({ length: members }, () => new Map())
    this.#sent = Array.from({ length: members }, () => new Map())
  }

  record(member: number, family: string, entry: Entry, route: string): void {
    if (this.#unregistered.has(`${member} ${family}`)) return
    if (family === 'info') this.#live[member]!.delete('info')
    const rows = rowsOf(this.#live[member]!, family)
    const row = rows.get(route)
    if (row === undefined) rows.set(route, { made: this.#made++, entries: [entry] })
    else rows.set(route, { ...row, entries: isGauge(family) ? [entry] : [...row.entries, entry] })
  }

  remove(member: number, family: string, route?: string): void {
    if (route === undefined) this.#live[member]!.delete(family)
    else this.#live[member]!.get(family)?.delete(route)
  }

  toggleView(member: number, view: string): boolean {
    const key = `${member} ${view}`
    this.#live[member]!.delete(view)
    if (this.#unregistered.delete(key)) return true
    this.#unregistered.add(key)
    return false
  }

  /** True if a row was removed and made again since it was sent. After a reconnection its values cannot be distinguished from new ones. */
  hasReplacedRows(member: number): boolean {
    return [...this.#sent[member]!].some(([family, rows]) =>
      [...rows].some(([route, { made }]) => (this.#live[member]!.get(family)?.get(route)?.made ?? made) !== made),
    )
  }

  send(member: number): void {
    const [live, sent] = [this.#live[member]!, this.#sent[member]!]
    for (const [family, rows] of sent) {
      for (const [route, { made }] of rows) if (live.get(family)?.get(route)?.made !== made) this.#unsend(member, family, route)
    }
    for (const [family, rows] of live) {
      for (const [route, row] of rows) {
        const before = rowsOf(sent, family).get(route)
        const isSame = before !== undefined && before.entries[0]!.value === row.entries[0]!.value
        rowsOf(sent, family).set(route, { ...row, changedAt: isSame ? before.changedAt! : Math.floor(this.#clock.monotonicMs() / 1_000) })
      }
    }
  }

  #unsend(member: number, family: string, route: string): void {
    const { entries } = this.#sent[member]!.get(family)!.get(route)!
    this.#sent[member]!.get(family)!.delete(route)
    if (isGauge(family)) return
    const departed = this.#departedRows(family)
    const key = keyOf(family, member, route)
    const isHeld = family !== 'each' && this.#sent.some((rows) => rows.get(family)?.has(route))
    if (isHeld) departed.set(key, [...(departed.get(key) ?? []), ...entries])
    else departed.delete(key)
  }

  setHidden(member: number, isHidden: boolean): void {
    if (isHidden) this.#hidden.add(member)
    else this.#hidden.delete(member)
  }

  depart(member: number): void {
    for (const [family, rows] of this.#sent[member]!) {
      if (isGauge(family)) continue
      const departed = this.#departedRows(family)
      for (const [route, { entries }] of rows) {
        const key = keyOf(family, member, route)
        departed.set(key, [...(departed.get(key) ?? []), ...entries])
      }
    }
    for (const rows of [this.#live[member]!, this.#sent[member]!]) rows.clear()
    for (const view of SHARED_VIEWS) this.#unregistered.delete(`${member} ${view}`)
    this.#hidden.delete(member)
  }

  /** Another keeper gets all rows at this moment. */
  keeperChanged(): void {
    this.#hidden.clear()
    const changedAt = Math.floor(this.#clock.monotonicMs() / 1_000)
    for (const rows of this.#sent) for (const family of rows.values()) for (const row of family.values()) row.changedAt = changedAt
  }

  #departedRows(family: string): Map<string, Entry[]> {
    let rows = this.#departed.get(family)
    if (rows === undefined) this.#departed.set(family, (rows = new Map()))
    return rows
  }

  /** The lines of an engine that has received all values, in sorted order. */
  lines(): string[] {
    const clock = new ManualClock({ unixMs: 0 })
    const whole = new ModelledEngine(clock, true)
    const all: { family: string; key: string; entry: Entry }[] = []
    for (const family of CUMULATIVES) {
      for (const [key, entries] of this.#departedRows(family)) for (const entry of entries) all.push({ family, key, entry })
      for (const [member, rows] of this.#sent.entries()) {
        for (const [route, { entries }] of rows.get(family) ?? []) {
          for (const entry of entries) all.push({ family, key: keyOf(family, member, route), entry })
        }
      }
    }
    for (const { family, key, entry } of all.sort((a, b) => a.entry.atMs - b.entry.atMs)) {
      clock.advance(entry.atMs - clock.unixMs())
      const [route, member] = key.split(' ') as [string, string?]
      whole.record(family, entry, { route, ...(member !== undefined && { member }) })
    }
    return [...linesOf(whole.producers), ...this.#gaugeLines()].sort()
  }

  #gaugeLines(): string[] {
    return GAUGES.flatMap((family) => ROUTES.flatMap((route) => this.#gaugeLine(family, route)))
  }

  #gaugeLine(family: (typeof GAUGES)[number], route: string): string[] {
    const parts = this.#sent.flatMap((rows, member) => {
      const row = this.#hidden.has(member) ? undefined : rows.get(family)?.get(route)
      return row === undefined ? [] : [{ member, value: row.entries[0]!.value, changedAt: row.changedAt! }]
    })
    if (parts.length === 0) return []
    const values = parts.map(({ value }) => value)
    const line = (value: number): string[] => [`depth_${family}{route="${route}"} ${value}`]
    switch (family) {
      case 'sum':
        return line(values.reduce((all, value) => all + value))
      case 'min':
        return line(Math.min(...values))
      case 'max':
        return line(Math.max(...values))
      case 'latest':
        return line(parts.reduce((newest, part) => (part.changedAt > newest.changedAt ? part : newest)).value)
      case 'eachGauge':
        return parts.map(({ member, value }) => `depth_eachGauge{route="${route}",member="${member}"} ${value}`)
      case 'state':
        return STATES.map((state, at) => `state{route="${route}",state="${state}"} ${values.some((value) => value % 3 === at) ? 1 : 0}`)
      case 'info':
        return [`info_info{route="${route}"} 1`]
    }
  }
}

/** The samples of a page with exemplars and start times, in sorted order. */
export function linesOf(producers: readonly MetricProducer[], hasExemplars = true): string[] {
  const text = formatOpenMetrics(
    producers.flatMap((producer) => producer.getMetrics() as readonly Metric[]),
    { created: true },
  )
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return (hasExemplars ? lines : lines.map(withoutExemplar)).sort()
}

export const withoutExemplar = (line: string): string => line.split(' # ')[0]!

function keyOf(family: string, member: number, route: string): string {
  return family === 'each' ? `${route} ${member}` : route
}

function rowsOf(rows: Rows, family: string): Map<string, Row> {
  let found = rows.get(family)
  if (found === undefined) rows.set(family, (found = new Map()))
  return found
}
