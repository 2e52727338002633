// What the metrics of a registry are to hold, in the plainest way: a Map from label values to a row for each metric.
import { matches, rowKey } from '../../stats/recording/naive-stats.js'

export type Kind = 'gauge' | 'counter' | 'histogram' | 'summary' | 'stateSet' | 'derivedGauge' | 'derivedCumulative'

export interface Definition {
  readonly kind: Kind
  readonly labelKeys: readonly ('a' | 'b')[]
  readonly rowLimit?: number
  readonly whenFailed?: 'absent'
}

type Given = Readonly<Record<string, unknown>>

export const STATES = ['on', 'off'] as const
/** Upper bounds of all histograms. */
export const BOUNDS: readonly number[] = [1, 5]

interface Row {
  readonly values: number[]
  readonly state: string | undefined
}

/** One metric. */
export class NaiveMetric {
  readonly definition: Definition
  readonly #hasRoom: () => boolean
  readonly #rows = new Map<string, Row>()
  #overflow: Row | undefined
  /** What the functions of a derived metric return, by their rows. */
  readonly #answers = new Map<string, unknown>()

  /** @param hasRoom True if there may be a further row in the registry. */
  constructor(definition: Definition, hasRoom: () => boolean) {
    this.definition = definition
    this.#hasRoom = hasRoom
    this.#start()
  }

  /** Without label keys, what only rises is shown from the start. */
  #start(): void {
    const { kind, labelKeys } = this.definition
    if (labelKeys.length === 0 && (kind === 'counter' || kind === 'histogram' || kind === 'summary')) this.keep({})
  }

  get size(): number {
    return this.#rows.size
  }

  #keyOf(labels: Given, state?: string): string | undefined {
    return rowKey([...this.definition.labelKeys.map((key) => labels[key]), ...(state === undefined ? [] : [state])])
  }

  #row(key: string, state?: string): Row {
    const known = this.#rows.get(key)
    if (known !== undefined) return known
    const row = { values: [], state }
    if (this.#rows.size >= (this.definition.rowLimit ?? Infinity) || !this.#hasRoom()) return (this.#overflow ??= row)
    this.#rows.set(key, row)
    return row
  }

  keep(labels: Given): void {
    this.#row(this.#keyOf(labels)!)
  }

  /** Records a value that the kind accepts. A gauge adds it. */
  record(value: number, labels: Given): void {
    const key = this.#keyOf(labels)
    if (key !== undefined && (value >= 0 || this.definition.kind === 'gauge')) this.#row(key).values.push(value)
  }

  setState(state: string, labels: Given): void {
    for (const each of STATES) this.#row(this.#keyOf(labels, each)!, each).values.splice(0, Infinity, Number(each === state))
  }

  /** A further function beyond the limit is not called. */
  observe(answer: unknown, labels: Given): void {
    const key = this.#keyOf(labels)!
    if (this.#answers.has(key) || this.#answers.size < (this.definition.rowLimit ?? Infinity)) this.#answers.set(key, answer)
  }

  gather(): void {
    const { kind, whenFailed } = this.definition
    for (const [key, answer] of this.#answers) {
      const isRight = typeof answer === 'number' && (kind === 'derivedGauge' ? !Number.isNaN(answer) : answer >= 0)
      if (!isRight && whenFailed === 'absent') this.#rows.delete(key)
      if (!isRight) continue
      const row = this.#row(key)
      row.values.splice(0, Infinity, kind === 'derivedGauge' ? answer : Math.max(answer, row.values[0] ?? 0))
    }
  }

  remove(labels: Given): boolean {
    const key = this.#keyOf(labels)
    if (key === undefined) return false
    const hasAnswer = this.#answers.delete(key)
    return this.#rows.delete(key) || hasAnswer
  }

  removeMatching(wanted: Given): number {
    const rows = [...this.#rows.keys()].filter((row) => matches(this.definition.labelKeys, row, wanted))
    for (const row of rows) this.#rows.delete(row)
    return rows.length
  }

  clear(): void {
    this.#rows.clear()
    this.#answers.clear()
    this.#overflow = undefined
    this.#start()
  }

  /** The samples of the text format, without quantiles. */
  lines(name: string): string[] {
    const rows = [...this.#rows].flatMap(([key, row]) => {
      const values = JSON.parse(key) as (string | null)[]
      const labels = this.definition.labelKeys.map((label, at) => [label, values[at] ?? null] as const)
      return this.#samples(name, row, row.state === undefined ? labels : [...labels, [name, row.state]])
    })
    return this.#overflow === undefined ? rows : [...rows, ...this.#samples(name, this.#overflow, [['tallyscope_overflow', 'true']])]
  }

  #samples(name: string, { values }: Row, labels: readonly (readonly [key: string, value: string | null])[]): string[] {
    const sum = values.reduce((all, value) => all + value, 0)
    const sample = (suffix: string, value: number, le?: string): string => {
      const set = [...labels, ['le', le ?? null] as const].filter(([, text]) => text !== null)
      const shown = set.map(([key, text]) => `${key}="${text}"`).join(',')
      return `${name}${suffix}${shown === '' ? '' : `{${shown}}`} ${value}`
    }
    const counted = [sample('_sum', sum), sample('_count', values.length)]
    switch (this.definition.kind) {
      case 'counter':
      case 'derivedCumulative':
        return [sample('_total', sum)]
      case 'summary':
        return counted
      case 'histogram':
        return [
          ...BOUNDS.map((bound) => sample('_bucket', values.filter((value) => value <= bound).length, String(bound))),
          sample('_bucket', values.length, '+Inf'),
          ...counted,
        ]
      default:
        return [sample('', sum)]
    }
  }
}
