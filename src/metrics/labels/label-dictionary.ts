import { internString } from '../../base/strings/intern-string.js'
import { siteOf } from './label-access.js'
import { labelString } from './label-value.js'
import { ShortStringHash } from './short-string-hash.js'

/** With more strings, the time depends on CPU caches and not on the kind of look-up. */
const MANY_STRINGS = 1_024
/** Less than the length of every string. */
const NOTHING = -1

/** One label: its key, and the ids of its values, which are small numbers. */
export class Label {
  readonly key: string
  /** The site at which it is read; see {@link readLabel}. */
  readonly site: number
  /** The id of each value in every form that was recorded, string or number. Id 0 means "not set". */
  ids: Map<unknown, number> = unsetIds()
  /**
   * The same for strings up to `longest`, while there are few: an object is faster than a map. Unknown strings are not looked up in it,
   * because V8 internalizes each string that is used as a key, for the whole process. See bench/metrics/row-index.bench.js.
   */
  byString: { [text: string]: number } = unsetString()
  longest: number = NOTHING
  /** The same for very few strings. */
  private readonly table: ShortStringHash = new ShortStringHash()
  /** The string of each id. */
  strings: (string | undefined)[] = [undefined]
  /** The position of the id's bits in a key, and their number. */
  shift = 0
  bits = 0

  /** Limit of the length of values. A string that is much longer is unknown, and need not be hashed. */
  private readonly maxLength: number
  /** False if values are only looked up by `idOf` and its like. */
  private readonly isRecorded: boolean

  constructor(key: string, maxLength: number, isRecorded = true) {
    this.isRecorded = isRecorded
    this.key = internString(key) // internalized, otherwise V8 would look up the internalized string each time
    this.site = siteOf(this.key)
    this.maxLength = maxLength
  }

  /** The id of a value in this form, undefined if it is unknown. Part of the record path. */
  find(value: unknown): number | undefined {
    if (typeof value !== 'string') return this.idOf(value)
    const { length } = value
    const { table } = this
    if (length > 0 && length <= table.longest) {
      const id = table.find(value)
      if (id !== 0) return id
    }
    return length <= this.longest ? this.byString[value] : this.idOf(value)
  }

  /** Like `find`, without `byString`. */
  idOf(value: unknown): number | undefined {
    return typeof value === 'string' && value.length > 2 * this.maxLength ? undefined : this.ids.get(value)
  }

  /** The id of a value that `idOf` does not know, by its string. The value is then found in this form too. */
  idByString(value: string | number | boolean | bigint): number | undefined {
    const text = labelString(value, this.maxLength)
    const id = text === value ? undefined : this.ids.get(text)
    if (id !== undefined) this.rememberForm(value, text, id)
    return id
  }

  /** The id of a string, made if there is none. */
  intern(text: string): number {
    let id = this.ids.get(text)
    if (id === undefined) {
      const own = internString(text)
      id = this.strings.push(own) - 1
      this.ids.set(own, id)
      if (!this.isRecorded) return id
      if (this.strings.length > MANY_STRINGS) this.useMap()
      else {
        this.byString[own] = id
        this.longest = Math.max(this.longest, own.length)
      }
      this.table.add(this.strings)
    }
    return id
  }

  /** Call if unknown strings are expected. */
  useMap(): void {
    this.longest = NOTHING
  }

  /** Ends `useMap`. */
  useObject(): void {
    if (!this.isRecorded || this.longest !== NOTHING || this.strings.length > MANY_STRINGS) return
    for (const text of this.strings) this.longest = Math.max(this.longest, text?.length ?? 0)
  }

  /** True if all ids fit into the bits. */
  get fits(): boolean {
    return this.strings.length <= 1 << this.bits
  }

  /** Forgets all strings. */
  reset(): void {
    this.strings = [undefined]
    this.ids = unsetIds()
    this.byString = unsetString()
    this.longest = NOTHING
    this.table.reset()
  }

  /** Stores another form of a known string, such as 200 for '200'. Cut strings are not stored, because they have any number of forms. */
  rememberForm(value: unknown, text: string, id: number): void {
    if ((typeof value === 'number' || typeof value === 'boolean') && text === String(value)) this.ids.set(value, id)
  }
}

function unsetString(): { [text: string]: number } {
  const ids: { [text: string]: number } = Object.create(null)
  ids[''] = 0
  return ids
}

/** Values that count as "not set" have id 0 from the start, so that the record path needs no case for them. */
function unsetIds(): Map<unknown, number> {
  return new Map<unknown, number>([
    [undefined, 0],
    [null, 0],
    ['', 0],
    [Number.NaN, 0],
  ])
}
