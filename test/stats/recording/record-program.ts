// Random programs of an engine: what they may do, and how one reads when it has failed.
import { fc } from '../../fast-check.js'

/** Tags that values are recorded with. Keys beside a to e are properties of a TagMap, which must not be read as tags. */
export const TAGS: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { a: 'x' },
  { a: 'y' },
  { b: 'x' },
  { a: 'x', b: 'y' },
  { b: 'z', a: 'x' },
  { a: 1 },
  { a: '1', b: true },
  { a: '', b: null },
  { a: Number.NaN, b: 'true' },
  { size: 3, a: 'x' },
  { size: '', values: 'v', record: 'r', newestHandle: 'h' },
  { a: 'long'.repeat(80) },
  { a: { toString: () => 'never called' }, b: 'y' },
  { a: Symbol('a'), b: 'y' },
  { a: 5n, b: -0 },
  { a: false, b: 2 ** 31, c: () => 'never called' },
  { a: 'x', b: 'y', c: 3, d: 'd', e: 'e', f: 'f', g: 7, h: 'h', i: true, j: 'j' },
]

/** How the tags of a record are given. */
export const FORMS = [
  ...(['none', 'null', 'empty', 'emptyMap'] as const),
  ...(['fresh', 'wider', 'kept', 'mutated', 'getters', 'withoutPrototype'] as const),
  ...(['throwingGetter', 'effectOfGetters', 'effectOfKeys'] as const),
  ...(['keptMap', 'freshMap', 'derivedMap', 'foreignMap', 'freshForeignMap'] as const),
] as const
export type Form = (typeof FORMS)[number]

/** True for objects that have an effect when they are read. How often they are read is known for some doors only. */
const isHostile = (form: Form): boolean => form === 'throwingGetter' || form.startsWith('effect')

/** What happens while an object of tags is read: its first property (`effectOfGetters`), or its keys (`effectOfKeys`). */
export const EFFECTS = ['record', 'register', 'unregister', 'gather', 'removeRows', 'expire'] as const
export interface Effect {
  readonly do: (typeof EFFECTS)[number]
  readonly view: number
}

/** What records the value. `copy…` are functions of the other copy of the package. */
export const DOORS = [
  ...(['record', 'copyRecord', 'attached', 'copyAttached', 'bound', 'copyBound', 'freshBound', 'boundAttached'] as const),
  ...(['batch', 'batchOfTwo', 'attachedBatch', 'copyBatch', 'timer', 'timerStop', 'time'] as const),
  ...(['unreadableAttachments'] as const),
] as const
export type Door = (typeof DOORS)[number]

/** Whose `withTags` makes the tags current, and whose TagMap they are. */
export const CONTEXTS = ['kept', 'fresh', 'foreign', 'copyKept', 'copyForeign'] as const
export interface Context {
  readonly by: (typeof CONTEXTS)[number]
  readonly tags: number
  /** Tags that are current outside, to which these are added; undefined for none. */
  readonly outer: number | undefined
}

export interface RecordStep {
  readonly do: 'record'
  readonly measure: number
  readonly door: Door
  readonly form: Form
  /** Numbers of TAGS, taken in turn. */
  readonly tags: readonly number[]
  /** Contexts, taken in turn; undefined for none. */
  readonly contexts: readonly (Context | undefined)[]
  readonly value: unknown
  readonly times: number
  readonly effect: Effect
}

/** A step that ends at once. */
export type ShortStep =
  | RecordStep
  /** Records once for each of many values of all tag keys, so that the index of rows takes its other forms. */
  | { readonly do: 'flood'; readonly measure: number; readonly form: 'fresh' | 'freshMap'; readonly from: number; readonly count: number }
  | { readonly do: 'register' | 'unregister'; readonly view: number }
  | { readonly do: 'removeRows'; readonly view: number; readonly tags: number; readonly keys: readonly string[] }
  | { readonly do: 'expire' | 'gather' | 'gatherOther' }

export type Step =
  | ShortStep
  /** Reads pages, two of the text format at once, and takes steps between their slices. */
  | { readonly do: 'scrape'; readonly between: readonly ShortStep[] }
  /** Exports once. A producer takes a step when it is read, at once or later, and the exporter takes one. */
  | { readonly do: 'export'; readonly inProducer: ShortStep; readonly isLater: boolean; readonly inExporter: ShortStep }

export interface Program {
  /** True if the engines have constant labels. */
  readonly hasLabels: boolean
  readonly views: readonly number[]
  readonly steps: readonly Step[]
}

/** How often a record is repeated: what remembers something every 64 finds, or on the second use, is to remember it. */
const TIMES = [1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 70, 140]

const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 2, arbitrary: fc.constantFrom(0.5, 2 ** 31, 2 ** 31 - 1, -0) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -0.5, Number.NaN, Infinity, 5n, 2n ** 60n, '7', undefined) },
)
const tags = fc.nat(TAGS.length - 1)
const context: fc.Arbitrary<Context | undefined> = fc.option(
  fc.record({ by: fc.constantFrom(...CONTEXTS), tags, outer: fc.option(tags, { nil: undefined }) }),
  { nil: undefined, freq: 2 },
)

const recordStep: fc.Arbitrary<RecordStep> = fc.record({
  do: fc.constant('record'),
  measure: fc.nat(7),
  door: fc.constantFrom(...DOORS),
  form: fc.constantFrom(...FORMS),
  tags: fc.array(tags, { minLength: 1, maxLength: 2 }),
  contexts: fc.array(context, { minLength: 1, maxLength: 2 }),
  value,
  times: fc.constantFrom(...TIMES),
  effect: fc.record({ do: fc.constantFrom(...EFFECTS), view: fc.nat(7) }),
})

/** @param measures The measure of each view that there is to choose from. */
export function programs(measures: readonly number[]): fc.Arbitrary<Program> {
  const view = fc.nat(7)
  const shortStep: fc.Arbitrary<ShortStep> = fc.oneof(
    { weight: 90, arbitrary: recordStep },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('flood' as const),
        measure: fc.nat(7),
        form: fc.constantFrom('fresh' as const, 'freshMap' as const),
        from: fc.constantFrom(0, 50),
        count: fc.constantFrom(20, 70),
      }),
    },
    { weight: 12, arbitrary: fc.record({ do: fc.constantFrom('register' as const, 'unregister' as const), view }) },
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant('removeRows' as const),
        view,
        tags,
        keys: fc.constantFrom(['a'], ['b'], ['a', 'b'], ['size'], []),
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({ do: fc.constantFrom('expire' as const, 'gather' as const, 'gather' as const, 'gatherOther' as const) }),
    },
  )
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 24, arbitrary: shortStep },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('scrape' as const), between: fc.array(shortStep, { maxLength: 3 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('export' as const), inProducer: shortStep, isLater: fc.boolean(), inExporter: shortStep }),
    },
  )
  // Views of one or two measures, so that they meet in groups and in records.
  const views = few([...new Set(measures)], 2).chain((chosen) =>
    few(
      [...measures.keys()].filter((at) => chosen.includes(measures[at]!)),
      8,
    ),
  )
  const choice = fc.record({ views, tags: few([...TAGS.keys()]), forms: few(FORMS), doors: few(DOORS) })
  const program = fc.record({ hasLabels: fc.boolean(), atStart: fc.nat(5), choice, steps: fc.array(step, { maxLength: 16, size: 'max' }) })
  return program.map(({ hasLabels, atStart, choice: chosen, steps }) => ({
    hasLabels,
    views: chosen.views.slice(0, atStart + 1),
    steps: steps.map((each) => narrowed(each, chosen, measures)),
  }))
}

/** What a program chooses from: the fewer there are, the more often steps meet in one row. */
interface Choice {
  readonly views: readonly number[]
  readonly tags: readonly number[]
  readonly forms: readonly Form[]
  readonly doors: readonly Door[]
}

function few<T>(all: readonly T[], maxLength = 4): fc.Arbitrary<T[]> {
  return fc.uniqueArray(fc.constantFrom(...all), { minLength: 1, maxLength })
}

/** The same step with what the program has chosen. */
function narrowed(step: Step, choice: Choice, measures: readonly number[]): Step {
  const calm = { ...choice, forms: choice.forms.filter((form) => !isHostile(form)) }
  const within = calm.forms.length === 0 ? { ...calm, forms: ['fresh' as const] } : calm
  if (step.do === 'scrape') return { ...step, between: step.between.map((each) => narrowedShort(each, within, measures)) }
  if (step.do !== 'export') return narrowedShort(step, choice, measures)
  const [inProducer, inExporter] = [step.inProducer, step.inExporter].map((each) => narrowedShort(each, within, measures))
  return { ...step, inProducer: inProducer!, inExporter: inExporter! }
}

/** Values are recorded for measures of the program's views. */
function narrowedShort(step: ShortStep, { views, tags: chosen, forms, doors }: Choice, measures: readonly number[]): ShortStep {
  const tagsOf = (number: number): number => chosen[number % chosen.length]!
  const viewOf = (number: number): number => views[number % views.length]!
  if (step.do === 'removeRows') return { ...step, view: viewOf(step.view), tags: tagsOf(step.tags) }
  if (step.do === 'register' || step.do === 'unregister') return { ...step, view: viewOf(step.view) }
  if (step.do === 'flood') return { ...step, measure: measures[viewOf(step.measure)]! }
  if (step.do !== 'record') return step
  const form = forms[FORMS.indexOf(step.form) % forms.length]!
  const door = doors[DOORS.indexOf(step.door) % doors.length]!
  return {
    ...step,
    measure: measures[viewOf(step.measure)]!,
    door: isHostile(form) ? calmDoor(door) : door,
    form,
    tags: step.tags.map(tagsOf),
    contexts: step.contexts.map((each) => each && { ...each, tags: tagsOf(each.tags), outer: each.outer && tagsOf(each.outer) }),
    effect: { ...step.effect, view: viewOf(step.effect.view) },
  }
}

/** A door that keeps nothing of the tags and records for one measure. */
function calmDoor(door: Door): Door {
  if (/batch/i.test(door)) return 'batch'
  return /attached/i.test(door) ? 'attached' : 'record'
}

/** A program with a step a line. */
export function printed({ hasLabels, views, steps }: Program): string {
  return [`views ${views.join(' ')}${hasLabels ? ', constant labels' : ''}`, ...steps.map(line)].join('\n')
}

function line(step: Step): string {
  if (step.do === 'scrape') return ['scrape', ...step.between.map((each) => `  meanwhile ${line(each)}`)].join('\n')
  if (step.do === 'export') {
    return `export\n  in a producer${step.isLater ? ', later' : ''} ${line(step.inProducer)}\n  in the exporter ${line(step.inExporter)}`
  }
  if (step.do !== 'record') {
    const parts = Object.entries(step).map(([key, part]) => (key === 'do' ? String(part) : `${key} ${shown(part)}`))
    return parts.join(', ')
  }
  const { measure, door, form, contexts, times } = step
  const within = contexts.map((each) => {
    if (each === undefined) return 'none'
    const inner = `${each.by} ${shown(TAGS[each.tags])}`
    return each.outer === undefined ? inner : `${shown(TAGS[each.outer])} > ${inner}`
  })
  const given = step.tags.map((tag) => shown(TAGS[tag])).join(' / ')
  const effect = form.startsWith('effect') ? `, which ${step.effect.do} view ${step.effect.view}` : ''
  return `${times} × ${door} of ${shown(step.value)} for measure ${measure}, tags ${form} ${given}${effect}, context ${within.join(' / ')}`
}

function shown(part: unknown): string {
  if (typeof part === 'string' || (typeof part === 'object' && part !== null)) {
    const isPlain = (value: unknown): boolean => ['string', 'number', 'boolean', 'object', 'undefined'].includes(typeof value)
    return JSON.stringify(part, (_, value) => (isPlain(value) ? value : String(value)))
  }
  return Object.is(part, -0) ? '-0' : typeof part === 'bigint' ? `${part}n` : String(part)
}
