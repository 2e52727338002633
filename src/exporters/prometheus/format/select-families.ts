import { warnOnce } from '../../../base/logger.js'
import { internalCount, internalCounter } from '../../../base/internal-metrics.js'
import { type Family, isRowSource, type RowSource } from '../../../metrics/data/row-source.js'
import { snapshotRows } from '../../../metrics/data/snapshot-rows.js'
import { type ExposedFamily, exposedFamily } from './names.js'

const left = internalCounter(
  'tallyscope_prometheus_left_out_families_total',
  'Families left out of expositions, because their names or labels would have made the document unreadable.',
  'family',
  'reason',
)

export interface SelectedFamily<F extends Family> {
  readonly source: F
  readonly exposed: ExposedFamily
}

/** The rows of a family; a snapshot is read as rows, too. */
export function sourcesOf({ source }: SelectedFamily<Family>): readonly RowSource[] {
  return isRowSource(source) ? [source] : snapshotRows(source)
}

/**
 * The families that can stand in one document, in the order of their names, so that documents can be compared.
 * Of families that clash the first given stays; whatever is left out is counted, and told once.
 */
export function selectFamilies<F extends Family>(families: readonly F[]): SelectedFamily<F>[] {
  const chosen: SelectedFamily<F>[] = []
  const owners = new Map<string, string>()
  for (const source of families) {
    const exposed = exposedFamily(source.descriptor)
    const taken = exposed.ownedNames.find((name) => owners.has(name))
    if (taken !== undefined) {
      leaveOut(source, exposed, 'name_clash', `${taken} is already the name of ${owners.get(taken)}`)
    } else if (!exposed.hasDistinctLabels) {
      leaveOut(source, exposed, 'label_clash', `its labels would not differ: ${exposed.labelNames.join(', ')}`)
    } else {
      for (const name of exposed.ownedNames) owners.set(name, source.descriptor.name)
      chosen.push({ source, exposed })
    }
  }
  return chosen.sort((a, b) => (a.exposed.name < b.exposed.name ? -1 : 1))
}

function leaveOut({ descriptor }: Family, { name }: ExposedFamily, reason: string, told: string): void {
  internalCount(left, name, reason).value++
  warnOnce('TALLYSCOPE_FAMILY_LEFT_OUT', `${name} ${reason}`, `${descriptor.name} is left out of the exposition: ${told}`)
}
