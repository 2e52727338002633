import { DefinitionError } from '../../base/errors.js'
import { MAX_TIMER_MS, startTimer } from '../../base/timer.js'
import { NameRegistry } from '../../metrics/data/name-registry.js'
import type { Family } from '../../metrics/data/row-source.js'
import { Measure } from '../recording/measure.js'
import type { EpochLog } from '../../metrics/store/epochs.js'
import type { StoreHome } from '../../metrics/store/limits.js'
import type { TagValue } from '../tags/tag-map.js'
import type { Aggregation } from './aggregation.js'
import { countListened } from './measures-without-view.js'
import { RegisteredView } from './registered-view.js'
import { newRegistrationHandle, placeholderUnit, type Registration, type RegistrationHandle, WaitingViews } from './registration.js'
import { checkSameView } from './same-view.js'
import { View, type ViewOptions } from './view.js'
import { viewRows, type ViewData } from './view-data.js'
import { combinationCount, sortedKeys, ViewGroup } from './view-group.js'

/**
 * Registers views and reads their data. Each engine has one: `stats.viewManager`.
 * @example
 * stats.viewManager.getView('shop/latency')?.rows
 */
export class ViewManager {
  readonly #registrations = new Map<string, Registration>()
  readonly #groups = new Map<Measure, readonly ViewGroup[]>()
  readonly #names = new NameRegistry()
  readonly #epochs: EpochLog
  readonly #home: StoreHome
  readonly #limit: number
  readonly #measureOf: (name: string) => Measure | undefined
  readonly #waiting = new WaitingViews()
  /** The number of views for each `idleExpiryMs`. */
  readonly #expiries = new Map<number, number>()
  #measuresWithContext = 0
  #stopTimer: (() => void) | undefined

  /** Made by `Stats`. @internal */
  constructor(epochs: EpochLog, home: StoreHome, limit: number, measureOf: (name: string) => Measure | undefined) {
    this.#epochs = epochs
    this.#home = home
    this.#limit = limit
    this.#measureOf = measureOf
  }

  /**
   * Registers a view. Values that were recorded before are not in it. An equal view of the same name returns the existing one; if only the
   * description differs, the first one stays and that is logged once. A view whose measure is given by name and not defined yet waits for
   * it.
   *
   * @throws {@link DefinitionError} `ERR_VIEW_CONFLICT` if another view has the name, `ERR_NAME_CLASH` if its exposed
   *   name is taken, `ERR_VIEW_LIMIT` beyond the limit of definitions, `ERR_VIEW_MEASURE` for a measure of another engine
   *   and for the handle of a view that does not wait here, and the errors of `View` and of the aggregation.
   * @example
   * stats.registerView({ name: 'shop/requests', measure: latency, tagKeys: ['method'], aggregation: count() })
   */
  registerView<K extends string, A extends Aggregation>(options: ViewOptions<K, A>): RegisteredView<A>
  registerView<K extends string>(options: ViewOptions<K> | View): RegisteredView
  registerView(options: ViewOptions | View): RegisteredView {
    const given = options instanceof RegisteredView ? (options.definition ?? options) : options
    if (given instanceof View) return this.#register(given, undefined)
    if (given instanceof RegisteredView) return this.#checkWaits(given)
    if (typeof given?.measure !== 'string') return this.#register(new View(given), undefined)
    const measure = this.#measureOf(given.measure)
    return measure === undefined ? this.#wait(given, given.measure) : this.#register(new View({ ...given, measure }), undefined)
  }

  #checkWaits(given: RegisteredView): RegisteredView {
    if (this.#waiting.get(given.name)?.own.handle === given) return given
    const fault = `the handle of view ${given.name} has no definition, since its measure was never defined`
    throw new DefinitionError('ERR_VIEW_MEASURE', `${fault}, and the view does not wait for it in this engine`)
  }

  /** @param handle The one that was returned while the view waited for its measure. */
  #register(view: View, handle: RegistrationHandle | undefined): RegisteredView {
    if (view.measure.epochs !== this.#epochs) {
      throw new DefinitionError(
        'ERR_VIEW_MEASURE',
        `a view needs a measure of the same engine: ${view.measure.name} of view ${view.name} belongs to another one`,
      )
    }
    const existing = this.#registrations.get(view.name)
    if (existing !== undefined) {
      checkSameView(existing.view, view)
      return existing.handle
    }
    this.#checkRoom(view)
    this.#names.reserve(view.descriptor)
    const { measure } = view
    const groups = this.#groups.get(measure) ?? []
    const keys = sortedKeys(view)
    const rowLimit = view.rowLimit ?? this.#home.rowLimit
    const group = groups.find((candidate) => candidate.admits(view, keys, rowLimit)) ?? new ViewGroup(view, this.#home)
    const column = group.add(view)
    this.#setGroups(measure, groups.includes(group) ? groups : [...groups, group])
    const own = handle ?? this.#waiting.get(view.name)?.own ?? this.#newHandle(view.name)
    this.#waiting.delete(view.name)
    own.registration = { view, handle: own.handle, group, column, startTimeUnixMs: this.#epochs.clock.unixMs() }
    this.#registrations.set(view.name, own.registration)
    Object.assign(own.handle, view)
    this.#countExpiry(view, 1)
    return own.handle
  }

  #checkRoom(view: View): void {
    const waiting = this.#waiting.get(view.name)
    if (waiting !== undefined) checkSameView(waiting.measureName === view.measure.name ? waiting.viewOf(view.measure) : waiting.draft, view)
    else if (this.#registrations.size + this.#waiting.size >= this.#limit) {
      throw new DefinitionError('ERR_VIEW_LIMIT', `at most ${this.#limit} views are allowed: ${view.name} is one more`)
    }
    const rowLimit = view.rowLimit ?? this.#home.rowLimit
    const declared = combinationCount(view)
    if (view.tagValues !== undefined && declared > rowLimit) {
      throw new DefinitionError(
        'ERR_TAG_VALUES',
        `declared tag values must fit the limit of ${rowLimit} rows: view ${view.name} has ${declared} combinations`,
      )
    }
  }

  /** Keeps a view until its measure is defined. Checks now what does not depend on the measure. */
  #wait(options: ViewOptions, measureName: string): RegisteredView {
    const waiting = this.#waiting.get(options.name)
    const isSame = waiting?.measureName === measureName
    const placeholder = isSame
      ? waiting.draft.measure
      : new Measure(measureName, { unit: placeholderUnit(options.aggregation) }, this.#epochs)
    const draft = new View({ ...options, measure: placeholder })
    const existing = waiting?.draft ?? this.#registrations.get(draft.name)?.view
    if (existing !== undefined) checkSameView(existing, draft)
    if (waiting !== undefined) return waiting.own.handle
    this.#checkRoom(draft)
    const own = this.#newHandle(draft.name)
    const { tagKeys, contextTags, tagValues } = draft // copies: the caller may change the originals meanwhile
    const given = { ...options, tagKeys, contextTags, ...(tagValues && { tagValues }) }
    this.#waiting.set(draft.name, { measureName, draft, own, viewOf: (measure) => new View({ ...given, measure }) })
    return own.handle
  }

  #newHandle(name: string): RegistrationHandle {
    const current = (): Registration | undefined => this.#registrations.get(name)
    return newRegistrationHandle(name, current, (registration) => this.#reset(registration))
  }

  /** Registers the views that waited for this measure. @internal */
  measureDefined(measure: Measure): void {
    this.#waiting.measureDefined(measure, (view, own) => this.#register(view, own))
  }

  /** True while any view has context tags. @internal */
  get readsContext(): boolean {
    return this.#measuresWithContext > 0
  }

  /** Unregisters a view and removes its rows. Returns false if there is no such view. */
  unregisterView(name: string): boolean {
    const registration = this.#registrations.get(name)
    if (registration === undefined) return this.#waiting.delete(name)
    this.#registrations.delete(name)
    this.#names.release(registration.view.descriptor)
    this.#leaveGroup(registration)
    this.#countExpiry(registration.view, -1)
    return true
  }

  /** Removes the rows of all views. */
  reset(): void {
    for (const { store } of [...this.#groups.values()].flat()) store.clear()
    for (const registration of this.#registrations.values()) this.#reset(registration)
  }

  #reset(registration: Registration): void {
    if (registration.group.columns.length > 1 && registration.group.hasRows) this.#moveToOwnGroup(registration)
    registration.group.store.clear()
    registration.group.makeDeclaredRows(registration.view)
    registration.startTimeUnixMs = this.#epochs.clock.unixMs()
  }

  /** Sets the groups of a measure. */
  #setGroups(measure: Measure, groups: readonly ViewGroup[]): void {
    if (groups.length === 0) this.#groups.delete(measure)
    else this.#groups.set(measure, groups)
    const hadViews = measure.hasViews
    measure.groups = [...groups] // a new array, because handles compare it by identity
    countListened(measure, hadViews)
    const readContext = measure.readsContext
    measure.readsContext = groups.some(({ contextTags }) => contextTags.length > 0)
    this.#measuresWithContext += Number(measure.readsContext) - Number(readContext)
    measure.readsTags = measure.readsContext || groups.some(({ tagKeys }) => tagKeys.length > 0)
    measure.untaggedHandle = undefined
    measure.epochs.countChange()
  }

  #leaveGroup({ group, column }: Registration): void {
    group.remove(column)
    const groups = this.#groups.get(group.measure) ?? []
    this.#setGroups(group.measure, group.columns.length === 0 ? groups.filter((other) => other !== group) : groups)
  }

  /** The current rows of a view, or undefined if there is no such view. */
  getView(name: string): ViewData | undefined {
    const registration = this.#registrations.get(name)
    return registration && this.#dataOf(registration)
  }

  /** The handle of the view of this name, or undefined if there is no such view. @internal */
  handleOf(name: string): RegisteredView | undefined {
    return this.#registrations.get(name)?.handle
  }

  /** All views with their current rows, in the order of registration. */
  getAllViewData(): ViewData[] {
    return [...this.#registrations.values()].map((registration) => this.#dataOf(registration))
  }

  /** The registered views, in the order of registration. */
  get views(): View[] {
    return [...this.#registrations.values()].map(({ view }) => view)
  }

  #dataOf({ view, column, startTimeUnixMs }: Registration): ViewData {
    return { view, startTimeUnixMs, endTimeUnixMs: this.#epochs.clock.unixMs(), rows: viewRows(view, column.source) }
  }

  /**
   * Removes the rows that have all of these tags. Other views are not changed. If a row is recorded again, it starts from 0.
   * @returns The number of removed rows.
   * @example
   * stats.viewManager.removeRows('queue/depth', { tenant: 'closed' })
   */
  removeRows(name: string, tags: { readonly [key: string]: TagValue }): number {
    const registration = this.#registrations.get(name)
    if (registration === undefined) return 0
    if (registration.group.store.matching(tags).size === 0) return 0
    if (registration.group.columns.length > 1) this.#moveToOwnGroup(registration)
    const { store } = registration.group
    return store.remove(store.matching(tags))
  }

  /** Moves a view to a separate group, because its rows now differ from those of the others. */
  #moveToOwnGroup(registration: Registration): void {
    const { view, group: shared, column } = registration
    const own = new ViewGroup(view, this.#home, shared)
    const moved = own.add(view)
    shared.store.copyColumn(shared.columns.indexOf(column), own.store)
    column.source.freeze()
    this.#leaveGroup(registration)
    registration.group = own
    registration.column = moved
    this.#setGroups(view.measure, [...(this.#groups.get(view.measure) ?? []), own])
  }

  /** The row sources of all views that have rows. @internal */
  families(): Family[] {
    const filled = [...this.#registrations.values()].filter(({ group }) => group.hasRows)
    return filled.map(({ column }) => column.source)
  }

  /** Begins a new epoch and removes idle rows. Called at the beginning of each gathering. @internal */
  advance(): void {
    this.#epochs.advance()
    for (const group of [...this.#groups.values()].flat()) {
      const { idleExpiryMs, store } = group
      if (idleExpiryMs === undefined) continue
      store.remove(store.rowsWhere((_row, chunk, cell) => this.#epochs.idleMs(chunk.lastEpochs[cell]!) >= idleExpiryMs))
    }
  }

  /** Call after a view was registered (1) or unregistered (-1). */
  #countExpiry({ idleExpiryMs }: View, difference: 1 | -1): void {
    if (idleExpiryMs === undefined) return
    const views = (this.#expiries.get(idleExpiryMs) ?? 0) + difference
    if (views > 0) this.#expiries.set(idleExpiryMs, views)
    else this.#expiries.delete(idleExpiryMs)
    this.#superviseExpiry()
  }

  /** Epochs must advance for rows to expire, even if nothing gathers. */
  #superviseExpiry(): void {
    this.stop()
    if (this.#expiries.size === 0) return
    this.#stopTimer = startTimer(this.#epochs.clock, Math.min(...this.#expiries.keys(), MAX_TIMER_MS) / 2, () => {
      this.advance()
      this.#superviseExpiry()
    })
  }

  /** Stops the timer of expiring views, if there is one. @internal */
  stop(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }
}
