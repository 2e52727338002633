import type { Epochs } from '../../metrics/store/cells.js'
import type { RowBudget } from '../../metrics/store/limits.js'
import type { Family } from '../../metrics/data/row-source.js'
import { type FamilyDefinition, identityOf } from './family-definition.js'
import { MergedFamily } from './merged-family.js'

/**
 * The families of one name. During a rolling deployment, members may have different definitions of it. The first one is shown while a
 * member has it, and the others are left out. Then the next one is shown, and its totals begin at 0.
 */
export class FamilyVariants {
  readonly #variants = new Map<string, MergedFamily>()
  #shown: MergedFamily | undefined

  get shown(): MergedFamily | undefined {
    return this.#shown
  }

  get all(): Iterable<MergedFamily> {
    return this.#variants.values()
  }

  /** The family of this definition, made if there is none. */
  family(definition: FamilyDefinition, epochs: Epochs, budget: RowBudget): MergedFamily {
    const identity = identityOf(definition)
    let family = this.#variants.get(identity)
    if (family === undefined) {
      family = new MergedFamily(definition, epochs, budget)
      this.#variants.set(identity, family)
    }
    this.#shown ??= family
    return family
  }

  /** Chooses which definition is shown. Call when a member has joined or left a family. */
  choose(): void {
    if (this.#shown?.hasMembers === true) return
    const next = [...this.#variants.values()].find((family) => family.hasMembers)
    if (next === undefined) return
    for (const [identity, family] of this.#variants) {
      if (family.hasMembers) continue
      family.dispose()
      this.#variants.delete(identity)
    }
    this.#shown = next
  }
}

/** The sources of families that have rows. */
export function sourcesOf(families: Iterable<FamilyVariants>, part: 'source' | 'departedSource'): Family[] {
  const sources: Family[] = []
  for (const { shown } of families) if (shown?.hasRows === true && (part === 'source' || shown.isCumulative)) sources.push(shown[part])
  return sources
}
