import { ownText } from './label-text.js'

/** One label: its key, and the small numbers that stand for its values. */
export class Label {
  readonly key: string
  /** Texts to their id; what counts as "not set" is id 0. An object, since it answers sooner than a map: see the bench below. */
  byText: { [text: string]: number } = emptyTexts()
  /** Other forms of values seen, such as 200 for '200', and those of "not set". */
  byForm: Map<unknown, number> = absentForms()
  /** The text of each id. */
  texts: (string | undefined)[] = [undefined]
  /** Where the id's bits go in a place, and how many there are. */
  shift = 0
  bits = 0
  /** The value in the labels that the index keeps. */
  keptValue: unknown = undefined

  constructor(key: string) {
    this.key = key
  }

  /** The id of a known text, made where there is none. */
  intern(text: string): number {
    let id = this.byText[text]
    if (id === undefined) {
      const own = ownText(text)
      id = this.texts.push(own) - 1
      this.byText[own] = id
    }
    return id
  }

  /** Whether all ids have room in the bits. */
  get fits(): boolean {
    return this.texts.length <= 1 << this.bits
  }

  forgetTexts(): void {
    this.texts = [undefined]
    this.byText = emptyTexts()
    this.byForm = absentForms()
  }

  /** Remembers the other form of a known text, such as 200 for '200'; a text that was cut would have forms without end. */
  rememberForm(value: unknown, text: string, id: number): void {
    if ((typeof value === 'number' || typeof value === 'boolean') && text === String(value)) this.byForm.set(value, id)
  }
}

// What counts as "not set" has id 0 from the start, so that the record path need not ask.

function emptyTexts(): { [text: string]: number } {
  const none: { [text: string]: number } = Object.create(null)
  none[''] = 0
  return none
}

function absentForms(): Map<unknown, number> {
  return new Map<unknown, number>([
    [undefined, 0],
    [null, 0],
    [Number.NaN, 0],
  ])
}
