import { ownText } from '../../base/intern-string.js'
import { placeOf } from './label-access.js'
import { ShortStringHash } from './short-string-hash.js'

/** With more texts the processor's caches decide, not the way to look. */
const MANY_TEXTS = 1_024
/** No text is as short. */
const NOTHING = -1

/** One label: its key, and the small numbers that stand for its values. */
export class Label {
  readonly key: string
  /** Where it is read: {@link readLabel}. */
  readonly place: number
  /** Values in every form seen, text or number, to their id; what counts as "not set" is id 0. */
  ids: Map<unknown, number> = absentIds()
  /**
   * The same for texts up to `longest`, while they are few: an object answers sooner than a map. It is not asked for texts
   * that it cannot know, since V8 enters each text that an object is asked for into a table of the whole process. See
   * bench/metrics/row-index.bench.js.
   */
  byText: { [text: string]: number } = absentText()
  longest: number = NOTHING
  /** The same for texts while they are very few. */
  private readonly table: ShortStringHash = new ShortStringHash()
  /** The text of each id. */
  texts: (string | undefined)[] = [undefined]
  /** Where the id's bits go in a place, and how many there are. */
  shift = 0
  bits = 0

  /** No longer text is kept; one that is far longer need not be hashed to know that it is unknown. */
  private readonly maxLength: number
  /** What `ids` was last asked for in vain: a record that overflows asks twice. */
  private missed: unknown = undefined

  constructor(key: string, maxLength: number) {
    this.key = ownText(key) // as V8 keeps names, else it would look for that form each time
    this.place = placeOf(this.key)
    this.maxLength = maxLength
  }

  /** The id of a value in this form, undefined where it was not seen before. This is the record path. */
  find(value: unknown): number | undefined {
    if (typeof value !== 'string') return this.idOf(value)
    const { length } = value
    const { table } = this
    if (length > 0 && length <= table.longest) {
      const id = table.find(value)
      if (id !== 0) return id
    }
    return length <= this.longest ? this.byText[value] : this.idOf(value)
  }

  /** The id of a value in this form, where `byText` is not to be asked. */
  idOf(value: unknown): number | undefined {
    if (typeof value === 'string' && value.length > 2 * this.maxLength) return undefined
    const id = this.ids.get(value)
    if (id === undefined) this.missed = value
    return id
  }

  /** The id of a text, which `idOf` may have been asked for just before. */
  idOfText(text: string): number | undefined {
    const id = text === this.missed ? undefined : this.ids.get(text)
    this.missed = undefined // not to be kept in memory
    return id
  }

  /** The id of a known text, made where there is none. */
  intern(text: string): number {
    let id = this.ids.get(text)
    if (id === undefined) {
      this.missed = undefined
      const own = ownText(text)
      id = this.texts.push(own) - 1
      this.ids.set(own, id)
      if (this.texts.length > MANY_TEXTS) this.useMap()
      else {
        this.byText[own] = id
        this.longest = Math.max(this.longest, own.length)
      }
      this.table.add(this.texts)
    }
    return id
  }

  /** To be called when unknown texts are to be expected. */
  useMap(): void {
    this.longest = NOTHING
  }

  /** Ends `useMap`. */
  useObject(): void {
    if (this.longest !== NOTHING || this.texts.length > MANY_TEXTS) return
    for (const text of this.texts) this.longest = Math.max(this.longest, text?.length ?? 0)
  }

  /** Whether all ids have room in the bits. */
  get fits(): boolean {
    return this.texts.length <= 1 << this.bits
  }

  reset(): void {
    this.texts = [undefined]
    this.ids = absentIds()
    this.byText = absentText()
    this.longest = NOTHING
    this.table.clear()
  }

  /** Remembers the other form of a known text, such as 200 for '200'; a text that was cut would have forms without end. */
  rememberForm(value: unknown, text: string, id: number): void {
    if ((typeof value === 'number' || typeof value === 'boolean') && text === String(value)) this.ids.set(value, id)
  }
}

function absentText(): { [text: string]: number } {
  const ids: { [text: string]: number } = Object.create(null)
  ids[''] = 0
  return ids
}

/** What counts as "not set" has id 0 from the start, so that the record path need not ask. */
function absentIds(): Map<unknown, number> {
  return new Map<unknown, number>([
    [undefined, 0],
    [null, 0],
    ['', 0],
    [Number.NaN, 0],
  ])
}
