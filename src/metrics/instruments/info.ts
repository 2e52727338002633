import { LastValueCells } from '../cells/last-value-cells.js'
import { DefinitionError } from '../../base/errors.js'
import type { ConstantLabels } from '../data/validate-definition.js'
import type { Instrument, InstrumentKind, LabelsFor } from './instrument.js'
import { ownLabels } from '../labels/label-value.js'
import type { Labels } from '../labels/shared-tag-map.js'

export const INFO: InstrumentKind = { type: 'INFO', cells: (rows) => new LastValueCells(rows) }

/**
 * An info metric: one series of value 1 whose labels are facts such as a version. Created by `registry.info()`.
 * @example
 * registry.info('build', { labelKeys: ['version'] }).set({ version: '1.2.3' })
 */
export class Info<K extends string = never> {
  readonly #instrument: Instrument

  /** @internal */
  constructor(instrument: Instrument) {
    this.#instrument = instrument
  }

  /** Replaces the labels. */
  set(labels: LabelsFor<K>): void {
    const { store } = this.#instrument
    const own = readLabels(this.#instrument, labels)
    if (own === undefined) return // the former labels stay
    store.clear()
    this.#instrument.change(own, 1)
  }

  /** Removes all series. */
  clear(): void {
    this.#instrument.store.clear()
  }
}

export interface StateSetOptions<S extends string, K extends string = never> {
  /** All states; each is exposed as 0 or 1. */
  readonly states: readonly S[]
  /** Help text. Default: empty. */
  readonly description?: string
  /** Label keys in addition to that of the state, at most 31. Default: none. */
  readonly labelKeys?: readonly K[]
  /** Labels of every series, in addition to those of the registry. Default: none. */
  readonly constantLabels?: ConstantLabels
}

/** The label of the state, which is the last one. Formats rename it to the name of the metric. */
const STATE_KEY = 'state'
export const STATE_SET: InstrumentKind = { ...INFO, type: 'STATE_SET', ownKey: STATE_KEY, ownOptions: ['states'] }

/**
 * A state set: shows which of several states are active. Created by `registry.stateSet()`.
 * @example
 * registry.stateSet('worker/state', { states: ['starting', 'running', 'stopping'] }).set('running')
 */
export class StateSet<S extends string, K extends string = never> {
  readonly #instrument: Instrument
  readonly #states: readonly S[]

  /** @internal */
  constructor(instrument: Instrument, states: readonly S[]) {
    this.#instrument = instrument
    this.#states = [...states]
  }

  /** Makes this state the only active one. A state that was not declared is dropped and counted. */
  set(state: S, labels?: LabelsFor<K>): void {
    if (!this.#states.includes(state)) return this.#instrument.drop('state')
    const own = readLabels(this.#instrument, labels)
    if (own !== undefined) for (const other of this.#states) this.#put(other, other === state, own)
  }

  /** Makes one state active or inactive. Several may be active. */
  setState(state: S, isActive: boolean, labels?: LabelsFor<K>): void {
    if (!this.#states.includes(state)) return this.#instrument.drop('state')
    const own = readLabels(this.#instrument, labels)
    if (own !== undefined) this.#put(state, isActive, own)
  }

  #put(state: S, isActive: boolean, labels: Labels): void {
    this.#instrument.change({ ...labels, [STATE_KEY]: state }, isActive ? 1 : 0)
  }

  /** Removes all series. */
  clear(): void {
    this.#instrument.store.clear()
  }
}

/** @throws {@link DefinitionError} `ERR_STATES` unless there is at least one state and all are different strings. */
export function checkStates(name: string, states: unknown): void {
  const isList = Array.isArray(states) && states.length > 0 && new Set(states).size === states.length
  if (!isList || states.some((state) => typeof state !== 'string' || state === '')) {
    throw new DefinitionError('ERR_STATES', `states must be different strings, at least one: state set ${name} has others`)
  }
}

/** Reads the labels once for several series. Returns undefined if they cannot be read, which is counted. */
function readLabels(instrument: Instrument, labels: unknown): Labels | undefined {
  try {
    return ownLabels(labels, instrument.store.labelKeys)
  } catch {
    instrument.drop('labels')
    return undefined
  }
}
