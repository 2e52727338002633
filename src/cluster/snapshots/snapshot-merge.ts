import type { Metric, MetricDescriptor, TimeSeries } from '../../metrics/data/metric.js'
import { warnOnce } from '../../base/logger.js'
import type { Contributor, DataLimits } from '../data/contributor.js'
import { damaged, overLimit } from '../data/frame-error.js'
import type { MergedData } from '../group-data.js'
import { countLeftOut } from '../group-metrics.js'
import { isCumulative, mergeSeries } from './merge-series.js'
import { readRowsFrame, seriesKey } from './snapshot-frames.js'

const DEPARTED = 'departed'

interface Part {
  readonly descriptor: MetricDescriptor
  readonly series: Map<string, TimeSeries>
}

/** What one member has, by the names of its families; that of the departed is the account. */
interface Share {
  readonly slot: number
  readonly parts: Map<string, Part>
  areGaugesShown: boolean
}

export interface MergeOptions {
  readonly limits: DataLimits
  /** True for families that have a row for each member. */
  readonly isPerMember: (name: string) => boolean
}

/** Families of several members as one. */
export class SnapshotMerge implements MergedData {
  readonly #options: MergeOptions
  readonly #shares = new Map<string, Share>()
  readonly #account: Share = { slot: -1, parts: new Map(), areGaugesShown: false }
  /** Which definition of a name counts: that of the first member that has it. */
  readonly #definitions = new Map<string, MetricDescriptor>()
  #made = new Map<string, Metric>()

  constructor(options: MergeOptions) {
    this.#options = options
  }

  contributor(id: string, slot: number): Contributor {
    const known = this.#shares.get(id)
    const share: Share = { slot, parts: known?.parts ?? new Map(), areGaugesShown: known?.areGaugesShown ?? true }
    this.#shares.set(id, share)
    return new SnapshotContributor(
      id,
      share,
      this.#options.limits,
      (name) => this.#changed(name),
      () => this.#depart(id, share),
    )
  }

  families(): readonly Metric[] {
    const names = new Set([...this.#allShares()].flatMap(({ parts }) => [...parts.keys()]))
    const made = new Map<string, Metric>()
    for (const name of names) {
      const metric = this.#made.get(name) ?? this.#merge(name, [...this.#allShares()])
      if (metric !== undefined) made.set(name, metric)
    }
    this.#made = made
    return [...made.values()].filter(({ timeSeries }) => timeSeries.length > 0)
  }

  departed(): readonly Metric[] {
    return [...this.#account.parts.values()].map(({ descriptor, series }) => ({ descriptor, timeSeries: [...series.values()] }))
  }

  *#allShares(): Generator<Share> {
    yield this.#account
    yield* [...this.#shares.values()].sort((a, b) => a.slot - b.slot)
  }

  #changed(name: string | undefined): void {
    if (name === undefined) this.#made.clear()
    else this.#made.delete(name)
  }

  #merge(name: string, shares: readonly Share[]): Metric | undefined {
    const having = shares.filter(({ parts }) => (parts.get(name)?.series.size ?? 0) > 0)
    const kept = this.#definitions.get(name)
    const descriptor =
      having.map(({ parts }) => parts.get(name)!.descriptor).find((each) => kept !== undefined && isSame(each, kept)) ??
      having[0]?.parts.get(name)?.descriptor
    if (descriptor === undefined) {
      this.#definitions.delete(name)
      return undefined
    }
    this.#definitions.set(name, descriptor)
    const isPerMember = this.#options.isPerMember(name)
    const byKey = new Map<string, TimeSeries[]>()
    for (const { slot, parts, areGaugesShown } of having) {
      const part = parts.get(name)!
      if (!isSame(part.descriptor, descriptor)) {
        leaveOut(name)
        continue
      }
      if (!areGaugesShown && !isCumulative(descriptor)) continue
      for (const [key, series] of part.series) {
        const own = isPerMember ? withMember(series, descriptor, slot) : series
        const ownKey = isPerMember ? seriesKey(own) : key
        const list = byKey.get(ownKey)
        if (list === undefined) byKey.set(ownKey, [own])
        else if (boundsOf(list[0]!) === boundsOf(own)) list.push(own)
        else leaveOut(name)
      }
    }
    return {
      descriptor: isPerMember ? { ...descriptor, labelKeys: inserted(descriptor, descriptor.labelKeys, 'member') } : descriptor,
      timeSeries: [...byKey.values()].map((all) => mergeSeries(descriptor, all)),
    }
  }

  #depart(id: string, share: Share): void {
    if (this.#shares.get(id) === share) this.#shares.delete(id)
    for (const [name, { descriptor, series }] of share.parts) {
      this.#changed(name)
      if (!isCumulative(descriptor)) continue
      const part = this.#account.parts.get(name) ?? { descriptor, series: new Map<string, TimeSeries>() }
      if (!isSame(part.descriptor, descriptor)) continue
      this.#account.parts.set(name, part)
      for (const [key, each] of series) {
        const before = part.series.get(key)
        part.series.set(key, before === undefined ? each : mergeSeries(descriptor, [before, each]))
      }
    }
  }
}

class SnapshotContributor implements Contributor {
  readonly id: string
  readonly #share: Share
  readonly #limits: DataLimits
  readonly #changed: (name: string | undefined) => void
  readonly #depart: () => void
  readonly #names = new Map<number, string>()
  /** Keys of series that have come since the restart, by name; undefined after everything has come. */
  #sentAgain: Map<string, Set<string>> | undefined

  constructor(id: string, share: Share, limits: DataLimits, changed: (name: string | undefined) => void, depart: () => void) {
    this.id = id
    this.#share = share
    this.#limits = limits
    this.#changed = changed
    this.#depart = depart
  }

  get slot(): number {
    return this.#share.slot
  }

  get rowCount(): number {
    let count = 0
    for (const { series } of this.#share.parts.values()) count += series.size
    return count
  }

  apply(frame: Uint8Array): void {
    const message = readRowsFrame(frame)
    const { parts } = this.#share
    switch (message.kind) {
      case 'restart':
        this.#names.clear()
        this.#sentAgain = new Map()
        this.#share.areGaugesShown = this.id !== DEPARTED
        return this.#changed(undefined)
      case 'define':
        if (this.#names.size >= this.#limits.definitions) throw overLimit(`a member has at most ${this.#limits.definitions} families`)
        return this.#define(message.family, message.descriptor)
      case 'values': {
        const { name, part } = this.#part(message.family)
        const added = message.series.filter((each) => !part.series.has(seriesKey(each))).length
        if (added > 0 && this.rowCount + added > this.#limits.rows) throw overLimit(`a member has at most ${this.#limits.rows} rows`)
        for (const each of message.series) {
          if (each.labelValues.length !== part.descriptor.labelKeys.length) throw damaged('a row has other labels than its family')
          const series = { ...each, labelValues: each.labelValues.map((value) => value ?? undefined) }
          part.series.set(seriesKey(series), series)
          this.#sentAgain?.get(name)?.add(seriesKey(series))
        }
        return this.#changed(name)
      }
      case 'gone': {
        const { name, part } = this.#part(message.family)
        for (const key of message.keys) part.series.delete(key)
        return this.#changed(name)
      }
      case 'whole':
        if (this.#sentAgain === undefined) return undefined // it came twice
        for (const [name, { series }] of parts) {
          const sent = this.#sentAgain?.get(name)
          for (const key of series.keys()) if (sent?.has(key) !== true) series.delete(key)
          if (series.size === 0 && sent === undefined) parts.delete(name)
        }
        this.#sentAgain = undefined
        return this.#changed(undefined)
    }
  }

  setLate(isLate: boolean): void {
    this.#show(!isLate)
  }

  disconnect(): void {
    this.#show(false)
  }

  depart(): void {
    this.#depart()
  }

  #show(areGaugesShown: boolean): void {
    if (this.#share.areGaugesShown === areGaugesShown) return
    this.#share.areGaugesShown = areGaugesShown
    this.#changed(undefined)
  }

  #define(family: number, descriptor: MetricDescriptor): void {
    const { name } = descriptor
    this.#names.set(family, name)
    this.#sentAgain?.set(name, new Set())
    const known = this.#share.parts.get(name)
    if (known === undefined || !isSame(known.descriptor, descriptor)) this.#share.parts.set(name, { descriptor, series: new Map() })
    this.#changed(name)
  }

  #part(family: number): { readonly name: string; readonly part: Part } {
    const name = this.#names.get(family)
    const part = name === undefined ? undefined : this.#share.parts.get(name)
    if (name === undefined || part === undefined) throw damaged(`family ${family} is not defined`)
    return { name, part }
  }
}

function leaveOut(name: string): void {
  countLeftOut(name)
  warnOnce('TALLYSCOPE_GROUP', name, `members of the group define ${name} differently; the first definition stays, the others are left out`)
}

function isSame(a: MetricDescriptor, b: MetricDescriptor): boolean {
  return a === b || (a.type === b.type && a.unit === b.unit && JSON.stringify(a.labelKeys) === JSON.stringify(b.labelKeys))
}

/** Distributions of other bounds cannot be added. */
function boundsOf({ points }: TimeSeries): string {
  const value = points[0]!.value
  return typeof value !== 'number' && value.kind === 'distribution' ? value.bounds.join() : ''
}

/** The state of a state set is its last label. */
function inserted<T>({ type }: MetricDescriptor, list: readonly T[], item: T): T[] {
  return type === 'STATE_SET' ? [...list.slice(0, -1), item, list.at(-1)!] : [...list, item]
}

function withMember(series: TimeSeries, descriptor: MetricDescriptor, slot: number): TimeSeries {
  return { ...series, labelValues: inserted(descriptor, series.labelValues, slot < 0 ? DEPARTED : String(slot)) }
}
