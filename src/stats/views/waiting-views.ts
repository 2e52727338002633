import { warnOnce } from '../../base/logger.js'
import { errorText } from '../../base/rate-limited-log.js'
import type { Measure } from '../recording/measure.js'
import type { RegisteredView } from './registered-view.js'
import type { View } from './view.js'

/** A view whose measure, given by name, is not defined yet. */
export interface WaitingView {
  readonly measureName: string
  /** The view with a placeholder for the measure, to compare it with others of the same name. */
  readonly draft: View
  readonly handle: RegisteredView
  /** Registers the view. Throws the errors of `registerView`. */
  register(measure: Measure): void
}

/** The views that wait for measures. */
export class WaitingViews {
  readonly #byName = new Map<string, WaitingView>()

  get size(): number {
    return this.#byName.size
  }

  get(name: string): WaitingView | undefined {
    return this.#byName.get(name)
  }

  add(name: string, waiting: WaitingView): void {
    this.#byName.set(name, waiting)
  }

  delete(name: string): boolean {
    return this.#byName.delete(name)
  }

  /**
   * Registers the views that waited for this measure. A view that cannot be registered is dropped with a warning, not an error, because
   * the code that defines the measure did not cause it.
   */
  measureDefined(measure: Measure): void {
    for (const [name, waiting] of this.#byName) {
      if (waiting.measureName !== measure.name) continue
      this.#byName.delete(name)
      try {
        waiting.register(measure)
      } catch (error) {
        warnOnce('TALLYSCOPE_VIEW_REFUSED', name, `view ${name} cannot be registered for the measure ${measure.name}: ${errorText(error)}`)
      }
    }
  }
}
