import type { Family } from '../../../metrics/data/row-source.js'
import type { ExposedFamily } from './names.js'

/** A family of a document. */
export interface SelectedFamily<F extends Family> {
  /** One of each producer that has the family. */
  readonly members: readonly F[]
  readonly exposed: ExposedFamily
}
