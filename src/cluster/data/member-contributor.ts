import type { Clock } from '../../base/clock.js'
import type { Exemplar } from '../../metrics/data/metric.js'
import { rowWeight } from '../../metrics/store/limits.js'
import type { Contributor, DataLimits } from '../frames/contributor.js'
import { type FamilyDefinition, identityOf, parseDefinition } from '../frames/family-definition.js'
import { damaged, overLimit } from '../frames/frame-error.js'
import { FRAME, MAX_ATTACHMENTS } from '../frames/frame-writer.js'
import { type LabelColumn, LabelReader } from '../frames/label-strings.js'
import { memberPlace } from './merge-rules.js'
import { type MemberRows, type NewRow, NONE } from './member-rows.js'
import type { MergedFamily } from './merged-family.js'
import { readNewRows, RowFinder } from './new-rows.js'
import { PayloadReader } from '../frames/payload-reader.js'
import type { RowValues } from '../values/row-values.js'
import { rowValues } from '../values/values-of-kind.js'

/** The part of {@link MergedFamilies} that a contributor uses. */
interface MergeContext {
  readonly limits: DataLimits
  readonly clock: Clock
  familyFor(definition: FamilyDefinition): { readonly family: MergedFamily; readonly hasMemberLabel: boolean }
  changed(family: MergedFamily): void
}

interface MemberFamily {
  readonly family: MergedFamily
  /** The definition, and the number that distinguishes families with the same one. */
  readonly key: string
  readonly hasMemberLabel: boolean
  readonly definition: FamilyDefinition
  /** The number of definitions that it counts as. */
  readonly weight: number
  rows: MemberRows
}

/** Each time a definition has this many characters, it counts as one more. */
const CHARACTERS_OF_DEFINITION = 4_096
/** Limit for one exemplar, since each bucket of each row may have one. */
const MAX_ATTACHMENT_CHARACTERS = 1_024
/** An exemplar whose time is later than this gets the time of its arrival. */
const MAX_AHEAD_MS = 60_000

/** Applies the frames of one member. A frame is read to its end before any of it is applied. */
export class MemberContributor implements Contributor {
  readonly id: string
  readonly slot: number
  readonly #context: MergeContext
  /** Families by their number in the current connection. */
  #families = new Map<number, MemberFamily>()
  /** The keys of these families. */
  readonly #keys = new Set<string>()
  /** Families of the former connection that have not been defined again yet, by their keys. */
  readonly #former = new Map<string, MemberFamily>()
  readonly #labels = new LabelReader()
  readonly #finder = new RowFinder(this.#labels)
  /** Rows of the current connection. */
  #rowCount = 0
  /** The number of rows, with rows of many buckets counted as several. */
  #weight = 0
  /** The number of definitions, with long ones counted as several. */
  #definitionWeight = 0
  #isShown = true
  #hasDeparted = false

  constructor(id: string, slot: number, context: MergeContext) {
    this.id = id
    this.slot = slot
    this.#context = context
  }

  get rowCount(): number {
    return this.#rowCount
  }

  apply(frame: Uint8Array): void {
    if (this.#hasDeparted) throw new Error('BUG: a frame of a member that has departed')
    const reader = new PayloadReader(frame)
    switch (reader.kind) {
      case FRAME.RESTART:
        reader.end()
        return this.#restart()
      case FRAME.COMPLETE:
        reader.end()
        return this.#sweep()
      case FRAME.DEFINE:
        return this.#define(reader)
      case FRAME.DROP:
        return this.#drop(reader)
      case FRAME.ROWS:
        return this.#addRows(reader)
      case FRAME.VALUES:
        return this.#update(reader)
      case FRAME.REMOVED:
        return this.#remove(reader)
      case FRAME.EXEMPLARS:
        return this.#addExemplars(reader)
      default:
        throw damaged(`its kind ${reader.kind} is unknown`)
    }
  }

  #restart(): void {
    const { definitions } = this.#context.limits
    if (this.#former.size + this.#families.size > 2 * definitions) throw overLimit('a member restarts without end')
    for (const family of this.#families.values()) this.#former.set(family.key, family)
    this.#families = new Map()
    this.#keys.clear()
    this.#labels.forget()
    this.#rowCount = 0
    this.#weight = 0
    this.#definitionWeight = 0
    this.showGauges(true)
  }

  #sweep(): void {
    for (const { family, rows } of this.#families.values()) family.sweep(rows)
    for (const former of this.#former.values()) this.#removeAll(former)
    this.#former.clear()
    this.#labels.forget()
    this.#finder.forget()
  }

  #define(reader: PayloadReader): void {
    const number = reader.varint()
    const part = reader.varint()
    const text = reader.text()
    const definition = parseDefinition(text)
    reader.end()
    const { limits } = this.#context
    const key = `${part} ${identityOf(definition)}`
    const known = this.#families.get(number)
    if (known !== undefined) {
      if (known.key === key) return
      throw damaged(`family ${number} is defined twice`)
    }
    if (this.#definitionWeight >= limits.definitions) throw overLimit(`a member has at most ${limits.definitions} definitions`)
    if (this.#keys.has(key)) throw damaged(`${definition.descriptor.name} is defined twice`)
    const { family, hasMemberLabel } = this.#context.familyFor(definition)
    const former = this.#former.get(key)
    this.#former.delete(key)
    this.#keys.add(key)
    const rows = former === undefined ? family.join(this.slot) : family.restart(former.rows)
    if (!this.#isShown) family.show(rows, false)
    const weight = 1 + Math.floor(text.length / CHARACTERS_OF_DEFINITION)
    this.#definitionWeight += weight
    this.#families.set(number, { family, key, hasMemberLabel, definition, weight, rows })
    this.#context.changed(family)
  }

  #drop(reader: PayloadReader): void {
    const number = reader.varint()
    reader.end()
    const family = this.#families.get(number)
    this.#families.delete(number)
    if (family === undefined) return
    this.#keys.delete(family.key)
    this.#definitionWeight -= family.weight
    this.#count(family, -family.rows.size)
    this.#removeAll(family)
  }

  /** Removes all rows of a family that the member no longer has. */
  #removeAll({ family, rows }: MemberFamily): void {
    family.sweep(rows)
    for (const row of rows.numbers()) family.remove(rows, row)
    family.depart(rows)
    this.#context.changed(family)
  }

  #family(number: number): MemberFamily {
    const family = this.#families.get(number)
    if (family === undefined) throw damaged(`family ${number} is not defined`)
    return family
  }

  #addRows(reader: PayloadReader): void {
    const member = this.#family(reader.varint())
    const { family, definition, hasMemberLabel, rows } = member
    const { descriptor, bounds } = definition
    const limit = this.#context.limits.rows
    const room = (limit - this.#weight) / rowWeight(bounds.length)
    const keys = descriptor.labelKeys.length
    const newRows = readNewRows(reader, { rows, limit, room, keys, strings: this.#labels })
    const { numbers, isRun, overflowing, startTimesUnixMs, labels } = newRows
    const staged = family.stagedValues(numbers.length)
    staged.readAll(reader, numbers.length)
    reader.end()
    const before = rows.size
    const isPlain = isRun && overflowing.size === 0 && family.addsRun(rows, numbers[0]!, numbers.length)
    const found = hasMemberLabel ? undefined : this.#finder.find(family.store, newRows, isPlain)
    const added = isPlain && found !== undefined ? family.addRun(rows, numbers[0]!, found, startTimesUnixMs, staged) : 0
    const row: NewRow = { number: 0, mergedRow: NONE, isOverflow: false, startTimeUnixMs: 0, labels: [] }
    for (let at = added; at < numbers.length; at++) {
      row.number = numbers[at]!
      if (rows.has(row.number)) {
        family.update(rows, row.number, staged, at) // the frame has arrived twice, or the row has an earlier start time now
        family.restartRow(rows, row.number, startTimesUnixMs[at]!)
        continue
      }
      row.isOverflow = overflowing.has(at)
      row.startTimeUnixMs = startTimesUnixMs[at]!
      row.mergedRow = found === undefined || row.isOverflow ? NONE : found[at]!
      if (row.mergedRow === NONE) this.#readLabels(row.labels, labels, at, hasMemberLabel ? memberPlace(descriptor) : NONE)
      family.add(rows, row, staged, at)
    }
    this.#count(member, rows.size - before)
  }

  /** @param place Index of the label `member`; NONE if the family does not have it. */
  #readLabels(into: (string | undefined)[], labels: readonly LabelColumn[], row: number, place: number): void {
    into.length = 0
    for (const { texts, numbers } of labels) into.push(texts === undefined ? this.#labels.text(numbers[row]!) : texts[row])
    if (place !== NONE) into.splice(place, 0, String(this.slot))
  }

  #count({ definition }: MemberFamily, rows: number): void {
    this.#rowCount += rows
    this.#weight += rows * rowWeight(definition.bounds.length)
  }

  #update(reader: PayloadReader): void {
    const { family, definition, rows } = this.#family(reader.varint())
    const staged: RowValues = rowValues(definition, this.#context.clock)
    const numbers: number[] = []
    for (let number = 0; reader.hasMore; numbers.push(number)) {
      number += reader.signed()
      checkKnown(rows, number)
      staged.read(reader, numbers.length)
    }
    for (const [at, number] of numbers.entries()) family.update(rows, number, staged, at)
  }

  #remove(reader: PayloadReader): void {
    const member = this.#family(reader.varint())
    const { family, rows } = member
    const numbers = new Set<number>()
    for (let number = 0; reader.hasMore; numbers.add(number)) {
      number += reader.signed()
      if (number < 0 || number >= this.#context.limits.rows) throw damaged(`row ${number} is out of range`)
    }
    const before = rows.size
    for (const number of numbers) {
      if (rows.has(number)) family.remove(rows, number)
      else rows.replaced.delete(number)
    }
    this.#count(member, rows.size - before)
  }

  #addExemplars(reader: PayloadReader): void {
    const { family, definition, rows } = this.#family(reader.varint())
    const read: { number: number; bucket: number; exemplar: Exemplar }[] = []
    const nowUnixMs = this.#context.clock.unixMs()
    for (let number = 0; reader.hasMore; ) {
      number += reader.signed()
      checkKnown(rows, number)
      const bucket = reader.varintUpTo(definition.bounds.length, 'a bucket')
      const [value, memberUnixMs] = [reader.double(), reader.double()]
      // The newest exemplar is shown. Without this limit, that of a member whose clock is ahead would stay for ever.
      const timeUnixMs = memberUnixMs <= nowUnixMs + MAX_AHEAD_MS ? memberUnixMs : nowUnixMs
      const attachments: Record<string, string> = Object.create(null)
      const length = reader.varintUpTo(MAX_ATTACHMENTS, 'the number of attachments')
      let characters = 0
      for (let at = 0; at < length; at++) {
        const [key, text] = [reader.text(), reader.text()]
        characters += key.length + text.length
        if (characters <= MAX_ATTACHMENT_CHARACTERS) attachments[key] = text
      }
      if (characters > MAX_ATTACHMENT_CHARACTERS) continue // no format can show more than 128
      read.push({ number, bucket, exemplar: Object.freeze({ value, timeUnixMs, attachments: Object.freeze(attachments) }) })
    }
    for (const { number, bucket, exemplar } of read) if (rows.has(number)) family.setExemplar(rows, number, bucket, exemplar)
  }

  showGauges(isShown: boolean): void {
    this.#isShown = isShown
    for (const { family, rows } of [...this.#families.values(), ...this.#former.values()]) family.show(rows, isShown)
  }

  depart(): void {
    if (this.#hasDeparted) return
    this.#hasDeparted = true
    const all = [...this.#families.values(), ...this.#former.values()]
    for (const { family, rows } of all) family.depart(rows)
    for (const { family } of all) this.#context.changed(family)
    this.#families.clear()
    this.#former.clear()
    this.#rowCount = 0
  }
}

function checkKnown(rows: MemberRows, number: number): void {
  if (number < 0 || !(rows.has(number) || rows.replaced.has(number))) throw damaged(`row ${number} is unknown`)
}
