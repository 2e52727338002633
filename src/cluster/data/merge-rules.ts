import type { MergeRule, MetricDescriptor } from '../../metrics/data/metric.js'
import { type FamilyDefinition, isCumulative } from '../frames/family-definition.js'
import type { RowValues } from '../values/row-values.js'
import { ScalarValues } from '../values/scalar-values.js'

/** The label that distinguishes members in families of the rule `each`. */
const MEMBER_KEY = 'member'
/** The row limit of a family of this rule is multiplied by this number. */
const MEMBERS = 256

/** Returns how the values of one merged row are combined. It is `sum` for the rule `each`, whose rows have one member each. */
export function combination({ type, merge = 'sum' }: MetricDescriptor): Exclude<MergeRule, 'each'> {
  if (type === 'INFO' || type === 'STATE_SET') return 'max'
  if (isCumulative({ type })) return type !== 'CUMULATIVE_DISTRIBUTION' && type !== 'SUMMARY' && merge === 'max' ? 'max' : 'sum'
  return merge === 'each' ? 'sum' : merge
}

/**
 * Returns a family as the group shows it, and whether its rows get the label `member`. A family of the rule `each` that has this label
 * already, such as one that was merged before, keeps its labels.
 * @param perMember Patterns of names, in which `*` stands for anything.
 */
export function mergedDefinition(
  definition: FamilyDefinition,
  perMember: readonly string[],
): { readonly definition: FamilyDefinition; readonly hasMemberLabel: boolean } {
  const { descriptor } = definition
  const isEach = descriptor.merge === 'each' || perMember.some((pattern) => matchesPattern(descriptor.name, pattern))
  if (!isEach || descriptor.labelKeys.includes(MEMBER_KEY)) return { definition, hasMemberLabel: false }
  const labelKeys = [...descriptor.labelKeys]
  labelKeys.splice(memberPlace(descriptor), 0, MEMBER_KEY)
  const rowLimit = definition.rowLimit === undefined ? undefined : definition.rowLimit * MEMBERS
  return { definition: { ...definition, descriptor: { ...descriptor, labelKeys, merge: 'each' }, rowLimit }, hasMemberLabel: true }
}

/** Returns the index of the label `member`. The last label of a state set must stay its state. */
export function memberPlace({ type, labelKeys }: MetricDescriptor): number {
  return type === 'STATE_SET' ? labelKeys.length - 1 : labelKeys.length
}

/** Returns true if a name matches a pattern such as `nodejs_*`. */
export function matchesPattern(name: string, pattern: string): boolean {
  const [start = '', ...rest] = pattern.split('*')
  const end = rest.pop()
  if (end === undefined) return name === pattern
  let from = start.length
  if (!name.startsWith(start) || !name.endsWith(end) || name.length < from + end.length) return false
  for (const part of rest) {
    const found = name.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return from + end.length <= name.length
}

/** Computes the value of one merged row after the other from its parts. */
export class RowCombiner {
  /** The value is in row 0. */
  readonly result: RowValues
  readonly #rule: ReturnType<typeof combination>
  /** The number of parts since {@link clear}. */
  parts = 0
  /** For the rule `latest`: when the value chosen so far was changed. */
  #newest = 0

  constructor(result: RowValues, rule: ReturnType<typeof combination>) {
    this.result = result
    this.#rule = rule
  }

  clear(): void {
    this.result.clear(0)
    this.parts = 0
  }

  /** @param changedAt Used by the rule `latest` alone. */
  add(values: RowValues, row: number, changedAt: number): void {
    const { result } = this
    const isFirst = this.parts++ === 0
    if (this.#rule === 'sum' || !(result instanceof ScalarValues)) return result.add(0, values, row)
    const [now, value] = [result.value(0), values.value(row)]
    if (this.#rule === 'latest') {
      if (!isFirst && changedAt <= this.#newest) return
      this.#newest = changedAt
      result.set(0, value)
    } else if (isFirst) result.set(0, value)
    else result.set(0, this.#rule === 'min' ? Math.min(now, value) : Math.max(now, value))
  }
}
