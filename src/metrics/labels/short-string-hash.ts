/** With more strings, more would share slots, and the table would be large. */
const MAX_STRINGS = 64
const SLOTS_PER_STRING = 4
/** The table is left empty if more than one string in this number would be without a slot. */
const STRINGS_PER_MISS = 4
/** Positions of letters, in 256ths of a string's length: the last, the one before it, the first, and so on. All letters of strings up to 16. */
const LETTERS = [255, 240, 0, 128, 224, 16, 64, 192, 32, 208, 48, 160, 80, 96, 112, 144, 176] as const
const FACTORS = [31, 37, 41, 43] as const
/** After so many resets the table stays empty. */
const MAX_RESETS = 8
/** No second letter is used. */
const NONE = -1

/** Of an empty table; shared, since most labels never have another. Never changed. */
const NO_SLOTS: string[] = ['']
const NO_IDS: Int32Array = new Int32Array(1)

type Choice = readonly [first: number, second: number, factor: number]

/** The choices of letters in the order in which they are tried: one letter, then two. */
const CHOICES: readonly Choice[] = [
  ...LETTERS.map((first): Choice => [first, NONE, 1]),
  ...LETTERS.flatMap((first, at) => LETTERS.slice(at + 1).flatMap((second) => FACTORS.map((factor): Choice => [first, second, factor]))),
]

/**
 * Finds a few strings by a hash of their length and one or two letters, chosen so that as few as possible share a slot. Strings without a
 * slot are looked up elsewhere. Unlike with V8's hash, the time does not depend on the process: V8 has a random seed, so that other strings
 * collide in each process, and the CPU mispredicts their branches; see bench/metrics/row-index.bench.js.
 */
export class ShortStringHash {
  /** Length of the longest string with a slot; 0 if there is none. Do not look up longer ones, nor ''. */
  longest = 0
  private slots: string[] = NO_SLOTS
  private ids: Int32Array = NO_IDS
  private first: number = LETTERS[0]
  private second: number = NONE
  private factor = 1
  /** How many strings have no slot, because it was in use when they were added. */
  private withoutSlot = 0
  /** Once it is 0, the table stays empty. */
  private resetsLeft = MAX_RESETS

  /** The id of a string, 0 if it has no slot. */
  find(text: string): number {
    const slot = this.slotOf(text)
    return this.slots[slot] === text ? this.ids[slot]! : 0
  }

  private slotOf(text: string): number {
    const { length } = text
    const { second } = this
    let letters = text.charCodeAt((length * this.first) >> 8) + length
    if (second >= 0) letters = Math.imul(letters, this.factor) + text.charCodeAt((length * second) >> 8)
    return letters & (this.slots.length - 1)
  }

  /** Adds the newest of these strings, whose ids are their indices; the first counts as not set. */
  add(strings: readonly (string | undefined)[]): void {
    if (this.resetsLeft === 0) return
    const id = strings.length - 1
    if (id > MAX_STRINGS) return this.clear()
    const isFull = id * SLOTS_PER_STRING > this.slots.length
    const isTaken = this.slots[this.slotOf(strings[id]!)] !== ''
    if (isTaken) this.withoutSlot += 1
    const isWorthChoosing = this.withoutSlot === 1 || this.withoutSlot * STRINGS_PER_MISS > id
    if (isFull || (isTaken && isWorthChoosing)) this.lay(strings.slice(1) as string[])
    else if (this.longest > 0) this.put(strings[id]!, id)
  }

  clear(): void {
    this.longest = 0
    this.slots = NO_SLOTS
    this.withoutSlot = 0
  }

  /** Removes all strings. If that happens again and again, choosing letters for the next ones costs more than their slots save. */
  reset(): void {
    this.clear()
    if (this.resetsLeft > 0) this.resetsLeft--
  }

  private lay(strings: readonly string[]): void {
    this.clear()
    const size = 2 ** Math.ceil(Math.log2(strings.length * SLOTS_PER_STRING))
    this.slots = Array.from({ length: size }, () => '')
    this.ids = new Int32Array(size)
    let fewest = strings.length
    let best = CHOICES[0]!
    for (const choice of CHOICES) {
      this.choose(choice)
      const without = strings.length - new Set(strings.map((text) => this.slotOf(text))).size
      if (without >= fewest) continue
      fewest = without
      best = choice
      if (fewest === 0) break
    }
    this.choose(best)
    this.withoutSlot = fewest
    if (fewest * STRINGS_PER_MISS > strings.length) return // most look-ups would miss
    for (const [at, text] of strings.entries()) this.put(text, at + 1)
  }

  private choose([first, second, factor]: Choice): void {
    this.first = first
    this.second = second
    this.factor = factor
  }

  private put(text: string, id: number): void {
    const slot = this.slotOf(text)
    if (this.slots[slot] !== '') return
    this.slots[slot] = text
    this.ids[slot] = id
    this.longest = Math.max(this.longest, text.length)
  }
}
