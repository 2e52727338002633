// What an engine's rows are to hold, in the plainest way: a Map from the tag values as JSON to all values recorded.

export type Kind = 'count' | 'sum' | 'lastValue' | 'distribution' | 'exponential' | 'percentiles'

export interface MeasureModel {
  readonly unit: string
  readonly signed: boolean
  readonly type: 'double' | 'int64'
}

export interface ViewModel {
  readonly measure: number
  readonly kind: Kind
  readonly tagKeys: readonly string[]
  readonly contextTags?: readonly string[]
  readonly rowLimit?: number
  readonly idleExpiryMs?: number
}

/** Upper bounds of all distributions. */
export const BOUNDS: readonly number[] = [0, 1, 5]

const OVERFLOW = 'overflow'

type Given = Readonly<Record<string, unknown>>

interface Taken {
  readonly value: number
  readonly attachment: string | undefined
}

/** The text of a tag value; undefined if it counts as not set, `refused` if it cannot be a tag value. */
function textOf(value: unknown): { readonly text: string | undefined } | 'refused' {
  if (value === undefined || value === null || value === '' || Number.isNaN(value)) return { text: undefined }
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') return 'refused'
  return { text: [...String(value)].slice(0, 256).join('') }
}

/** The key of the row for these tag values; undefined if one of them refuses the record. */
export function rowKey(values: readonly unknown[]): string | undefined {
  const texts = values.map(textOf)
  return texts.includes('refused') ? undefined : JSON.stringify(texts.map((each) => (each as { text: string | undefined }).text ?? null))
}

/** Whether the row of this key has all these tag values; never if a key is not one of `tagKeys`. */
export function matches(tagKeys: readonly string[], key: string, wanted: Given): boolean {
  const values = JSON.parse(key) as (string | null)[]
  return Object.entries(wanted).every(([tag, value]) => {
    const found = textOf(value)
    return tagKeys.includes(tag) && found !== 'refused' && values[tagKeys.indexOf(tag)] === (found.text ?? null)
  })
}

/** The same tags as a TagMap holds them: without those that are not set and those that cannot be tags. */
export function asTagMap(tags: Given): Given {
  const isSet = (value: unknown): boolean => {
    const found = textOf(value)
    return found !== 'refused' && found.text !== undefined
  }
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => isSet(value)))
}

/** One view: its rows by their tag values. */
class NaiveView {
  readonly #view: ViewModel
  readonly #measure: MeasureModel
  readonly #rows = new Map<string, Taken[]>()

  constructor(view: ViewModel, measure: MeasureModel) {
    this.#view = view
    this.#measure = measure
  }

  get expires(): boolean {
    return this.#view.idleExpiryMs !== undefined
  }

  get measure(): number {
    return this.#view.measure
  }

  record(given: unknown, tags: Given, context: Given, attachment: string | undefined): void {
    const value = this.#accepted(given)
    const { tagKeys, contextTags = [] } = this.#view
    const key = rowKey([...tagKeys.map((tag) => tags[tag]), ...contextTags.map((tag) => context[tag])])
    if (value === undefined || key === undefined) return
    const used = this.#rows.size - (this.#rows.has(OVERFLOW) ? 1 : 0)
    const row = this.#rows.has(key) || used < (this.#view.rowLimit ?? Infinity) ? key : OVERFLOW
    if (!this.#rows.has(row)) this.#rows.set(row, [])
    this.#rows.get(row)!.push({ value: value + 0, attachment })
  }

  /** The number that is recorded, or undefined if this aggregation does not take the value. */
  #accepted(given: unknown): number | undefined {
    const isSafe = typeof given === 'bigint' && Number.isSafeInteger(Number(given))
    const value = isSafe ? Number(given) : given
    const { kind } = this.#view
    const { signed, type } = this.#measure
    if (typeof value !== 'number') return undefined
    if (!Number.isFinite(value)) return kind === 'lastValue' ? value : undefined
    if (type === 'int64' && !Number.isInteger(value)) return undefined
    if (value >= 0 || kind === 'lastValue') return value
    return signed && kind !== 'percentiles' ? value : undefined
  }

  /** Removes the rows whose tags match all of these. */
  remove(wanted: Given): void {
    const { tagKeys, contextTags = [] } = this.#view
    for (const row of this.#rows.keys()) {
      if (row !== OVERFLOW && matches([...tagKeys, ...contextTags], row, wanted)) this.#rows.delete(row)
    }
  }

  clearIdle(): void {
    for (const row of this.#rows.keys()) if (row !== OVERFLOW) this.#rows.delete(row)
  }

  /** All rows as lines, in the order of their text; without those that hold nothing. */
  lines(): string[] {
    return [...this.#rows].flatMap(([row, taken]) => lineOf(row, this.#dataOf(taken))).sort()
  }

  #dataOf(taken: readonly Taken[]): RowData {
    const values = taken.map(({ value }) => value)
    const total = values.reduce((all, value) => all + value, 0)
    const { kind } = this.#view
    if (kind === 'count') return { value: values.length }
    if (kind === 'sum') return { value: total }
    if (kind === 'lastValue') return { value: values.at(-1)! }
    if (kind !== 'distribution') return { count: values.length, sum: total, buckets: [], exemplars: [] }
    const bounds = this.#measure.signed ? BOUNDS : BOUNDS.filter((bound) => bound >= 0)
    const buckets = new Array<number>(bounds.length + 1).fill(0)
    const exemplars = new Array<string>(bounds.length + 1).fill('-')
    for (const { value, attachment } of taken) {
      const found = bounds.findIndex((bound) => value <= bound)
      const bucket = found < 0 ? bounds.length : found
      buckets[bucket]!++
      if (attachment !== undefined) exemplars[bucket] = `${attachment}=${value}`
    }
    return { count: values.length, sum: total, buckets, exemplars }
  }
}

/** What a row holds, as far as it is compared: of exponential histograms and percentiles only count and sum. */
export type RowData =
  | { readonly value: number }
  | { readonly count: number; readonly sum: number; readonly buckets: readonly number[]; readonly exemplars: readonly string[] }

/** A row as a line; none for a row that another view of the same tag keys has made, in which there is nothing yet. */
export function lineOf(key: string, data: RowData): string[] {
  if ('value' in data) return data.value === 0 ? [] : [`${key} ${data.value}`]
  return data.count === 0 ? [] : [`${key} ${data.count} ${data.sum} ${data.buckets.join(',')} ${data.exemplars.join(',')}`]
}

/** An engine of such views. */
export class NaiveStats {
  readonly #measures: readonly MeasureModel[]
  readonly #definitions: readonly ViewModel[]
  readonly #views = new Map<number, NaiveView>()

  constructor(measures: readonly MeasureModel[], definitions: readonly ViewModel[]) {
    this.#measures = measures
    this.#definitions = definitions
  }

  register(view: number): void {
    const definition = this.#definitions[view]!
    if (!this.#views.has(view)) this.#views.set(view, new NaiveView(definition, this.#measures[definition.measure]!))
  }

  unregister(view: number): void {
    this.#views.delete(view)
  }

  /** @param context The current tags, whether they are those of the record or not. */
  record(measure: number, value: unknown, tags: Given, context: Given, attachment?: string): void {
    for (const view of this.#views.values()) if (view.measure === measure) view.record(value, tags, context, attachment)
  }

  removeRows(view: number, tags: Given): void {
    this.#views.get(view)?.remove(tags)
  }

  expire(): void {
    for (const view of this.#views.values()) if (view.expires) view.clearIdle()
  }

  /** The rows of each registered view. */
  rows(): Record<string, string[]> {
    return Object.fromEntries([...this.#views].sort(([one], [other]) => one - other).map(([view, rows]) => [`v${view}`, rows.lines()]))
  }
}
