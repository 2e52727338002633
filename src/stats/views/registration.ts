import { warnOnce } from '../../base/logger.js'
import { errorText } from '../../base/rate-limited-log.js'
import type { Measure } from '../recording/measure.js'
import type { Aggregation } from './aggregation.js'
import { RegisteredView } from './registered-view.js'
import type { View } from './view.js'
import { viewRowOf, viewRows } from './view-data.js'
import type { ViewColumn, ViewGroup } from './view-group.js'

/** A registered view with its group and column. */
export interface Registration {
  readonly view: View
  readonly handle: RegisteredView
  startTimeUnixMs: number
  group: ViewGroup
  column: ViewColumn
}

/** The handle that `registerView` returned, with its view, which is undefined while it waits for its measure. */
export interface RegistrationHandle {
  readonly handle: RegisteredView
  registration: Registration | undefined
}

/**
 * Returns a new handle for a view.
 * @param registered Returns the registration that has the name of the view now. It may be that of a later view.
 */
export function newRegistrationHandle(
  name: string,
  registered: () => Registration | undefined,
  reset: (registration: Registration) => void,
): RegistrationHandle {
  const current = (): Registration | undefined => (registered() === own.registration ? own.registration : undefined)
  const handle = new RegisteredView(name, {
    definition: () => own.registration?.view,
    rows: () => {
      const registration = current()
      return registration === undefined ? [] : viewRows(registration.view, registration.column.source)
    },
    rowOf: (tags) => {
      const registration = current()
      if (registration === undefined) return undefined
      return viewRowOf(registration.view, registration.column.source, registration.group.store.lookup(tags))
    },
    reset: () => {
      const registration = current()
      if (registration !== undefined) reset(registration)
    },
  })
  const own: RegistrationHandle = { handle, registration: undefined }
  return own
}

/**
 * The unit of a placeholder for a measure that is not defined yet: one of time, which the most options need. The greatest value of
 * percentiles may be above the limit for seconds.
 */
export function placeholderUnit(aggregation: Aggregation): 's' | 'ns' {
  const highest: unknown = aggregation?.kind === 'percentiles' ? aggregation.options?.highest : undefined
  return typeof highest === 'number' && highest > 2 ? 'ns' : 's'
}

/** A view whose measure, given by name, is not defined yet. */
interface WaitingView {
  readonly measureName: string
  /** The view with a placeholder for the measure, to compare it with others of the same name. */
  readonly draft: View
  readonly own: RegistrationHandle
  /** The view of this measure, whose unit and sign decide about its bounds. Throws the errors of `View`. */
  viewOf(measure: Measure): View
}

/** The views that wait for measures, by name. */
export class WaitingViews extends Map<string, WaitingView> {
  /**
   * Registers the views that waited for this measure. A view that cannot be registered is dropped with a warning, not an error, because
   * the code that defines the measure did not cause it.
   * @param register Registers a view. Throws the errors of `registerView`.
   */
  measureDefined(measure: Measure, register: (view: View, own: RegistrationHandle) => void): void {
    for (const [name, waiting] of this) {
      if (waiting.measureName !== measure.name) continue
      this.delete(name)
      try {
        register(waiting.viewOf(measure), waiting.own)
      } catch (error) {
        warnOnce('TALLYSCOPE_VIEW_REFUSED', name, `view ${name} cannot be registered for the measure ${measure.name}: ${errorText(error)}`)
      }
    }
  }
}
