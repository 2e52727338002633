import type { Family } from '../../../metrics/data/row-source.js'
import type { ExposedFamily } from './names.js'

/** A family of a document. */
export interface SelectedFamily<F extends Family> {
  /** The families of all producers that are merged into this one. */
  readonly members: readonly F[]
  readonly exposed: ExposedFamily
}
