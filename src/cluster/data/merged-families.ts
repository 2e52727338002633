import { getOrInsert } from '../../base/get-or-insert.js'
import type { Clock } from '../../base/clock.js'
import type { Metric } from '../../metrics/data/metric.js'
import type { MetricProducer } from '../../metrics/data/producer.js'
import type { Family } from '../../metrics/data/row-source.js'
import { snapshotsOf } from '../../metrics/data/snapshot.js'
import type { Epochs } from '../../metrics/cells/cells.js'
import { EpochLog } from '../../metrics/store/epochs.js'
import type { RowBudget } from '../../metrics/store/limits.js'
import type { Contributor, DataLimits } from '../frames/contributor.js'
import { type FamilyDefinition, identityOf } from '../frames/family-definition.js'
import { overLimit } from '../frames/frame-error.js'
import { MemberContributor } from './member-contributor.js'
import { mergedDefinition } from './merge-rules.js'
import { MergedFamily } from './merged-family.js'

/** All members together have at most as many families as this many members may define. */
const MEMBERS_OF_DEFINITIONS = 4

interface MergedFamiliesOptions {
  readonly clock: Clock
  readonly limits: DataLimits
  /** Names of families that have a row for each member; `*` stands for any characters. Default none. */
  readonly perMember?: readonly string[]
  /** False if members of a former keeper have to rejoin, until {@link MergedFamilies.settle} is called. Default true. */
  readonly isSettled?: boolean
  /** Called when a family of a member is left out because another definition of its name is shown. */
  readonly onLeftOut?: (family: string) => void
}

/**
 * The rows of several members, merged. No cumulative row falls: values are absolute, those of departed members stay in the departed totals,
 * and a row is removed only when the last member that has it removes it.
 */
export class MergedFamilies implements MetricProducer {
  readonly name = 'MergedFamilies'
  readonly limits: DataLimits
  readonly clock: Clock
  readonly #families = new Map<string, FamilyVariants>()
  readonly #perMember: readonly string[]
  readonly #epochs: EpochLog
  readonly #budget: RowBudget
  readonly #onLeftOut: (family: string) => void
  #isSettled: boolean

  constructor({ clock, limits, perMember = [], isSettled = true, onLeftOut = () => {} }: MergedFamiliesOptions) {
    this.limits = limits
    this.clock = clock
    this.#perMember = perMember
    this.#epochs = new EpochLog(clock)
    this.#budget = { used: 0, limit: limits.mergedRows }
    this.#onLeftOut = onLeftOut
    this.#isSettled = isSettled
  }

  /** The number of merged rows, without overflow rows. */
  get rowCount(): number {
    return this.#budget.used
  }

  /** Adds a member. Its rows are merged when its frames are applied. */
  contributor(id: string, slot: number): Contributor {
    return new MemberContributor(id, slot, this)
  }

  /** Chooses the definitions that are shown. Members rejoin in any order, and must not change what the former keeper has shown. */
  settle(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    for (const [name, variants] of this.#families) {
      variants.chooseOldest()
      for (const family of variants.all) this.#countIfLeftOut(name, family)
      if (!variants.choose()) this.#families.delete(name)
    }
  }

  families(): readonly Family[] {
    this.#epochs.advance()
    return sourcesOf(this.#families.values(), 'source')
  }

  getFamilies(): readonly Family[] {
    return this.families()
  }

  getMetrics(): readonly Metric[] {
    return snapshotsOf(this.families(), this.#epochs.clock.unixMs())
  }

  /** Returns the totals of departed members alone, for the standby. */
  departed(): readonly Family[] {
    this.#epochs.advance()
    return sourcesOf(this.#families.values(), 'departedSource')
  }

  /**
   * Returns the merged family for a definition of a member, and whether its rows get the label `member`.
   * @throws {@link FrameError} `ERR_GROUP_LIMIT` if there are too many families.
   * @internal
   */
  familyFor(given: FamilyDefinition): { readonly family: MergedFamily; readonly hasMemberLabel: boolean } {
    const { definition, hasMemberLabel } = mergedDefinition(given, this.#perMember)
    const { name } = definition.descriptor
    const variants = getOrInsert(this.#families, name, () => {
      const limit = MEMBERS_OF_DEFINITIONS * this.limits.definitions
      if (this.#families.size >= limit) throw overLimit(`a group has at most ${limit} families`)
      return new FamilyVariants()
    })
    const family = variants.family(definition, this.#epochs, this.#budget)
    if (this.#isSettled) this.#countIfLeftOut(name, family)
    return { family, hasMemberLabel }
  }

  /** Call when a member has joined a family or left it. Removes a family without members and totals. @internal */
  changed({ definition }: MergedFamily): void {
    const { name } = definition.descriptor
    const variants = this.#families.get(name)
    if (this.#isSettled && variants?.choose() === false) this.#families.delete(name)
  }

  #countIfLeftOut(name: string, family: MergedFamily): void {
    const { shown } = this.#families.get(name)!
    if (shown !== family && shown!.hasMembers) this.#onLeftOut(name)
  }
}

/**
 * The families of one name. During a rolling deployment, members may have different definitions of it. The first one is shown while a
 * member has it, and the others are left out. Then the next one is shown, and its totals begin at 0.
 */
class FamilyVariants {
  readonly #variants = new Map<string, MergedFamily>()
  #shown: MergedFamily | undefined

  get shown(): MergedFamily | undefined {
    return this.#shown
  }

  get all(): Iterable<MergedFamily> {
    return this.#variants.values()
  }

  /** Returns the family of this definition. Creates it if there is none. */
  family(definition: FamilyDefinition, epochs: Epochs, budget: RowBudget): MergedFamily {
    const family = getOrInsert(this.#variants, identityOf(definition), () => new MergedFamily(definition, epochs, budget))
    this.#shown ??= family
    return family
  }

  /** Shows the definition whose rows are the oldest of those that members have. */
  chooseOldest(): void {
    if (this.#variants.size < 2) return
    let oldestUnixMs = Number.POSITIVE_INFINITY
    for (const family of this.#variants.values()) {
      const startedUnixMs = family.hasMembers ? family.startTimes.oldestUnixMs() : Number.POSITIVE_INFINITY
      if (startedUnixMs >= oldestUnixMs) continue
      oldestUnixMs = startedUnixMs
      this.#shown = family
    }
  }

  /**
   * Chooses the definition that is shown, and removes others without members. Call when a member has joined or left a family.
   * @returns false if nothing is left to show.
   */
  choose(): boolean {
    const others = [...this.#variants.values()].filter((family) => family.hasMembers)
    if (this.#shown?.hasMembers !== true && others.length > 0) this.#shown = others[0]
    for (const [identity, family] of this.#variants) {
      if (family.hasMembers || (family === this.#shown && family.hasRows)) continue
      family.dispose()
      this.#variants.delete(identity)
    }
    return this.#variants.size > 0
  }
}

/** Returns the sources of families that have rows. */
function sourcesOf(families: Iterable<FamilyVariants>, part: 'source' | 'departedSource'): Family[] {
  const sources: Family[] = []
  for (const { shown } of families) if (shown?.hasRows === true && (part === 'source' || shown.hasDeparted)) sources.push(shown[part])
  return sources
}
