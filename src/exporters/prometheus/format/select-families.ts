import { internalCount, internalCounter } from '../../../base/internal-metrics.js'
import { warnOnce } from '../../../base/logger.js'
import { type Family, isRowSource, type RowSource } from '../../../metrics/data/row-source.js'
import { snapshotRows } from '../../../metrics/data/snapshot-rows.js'
import { snapshotsOf } from '../../../metrics/data/snapshot.js'
import type { TimeSeries } from '../../../metrics/data/metric.js'
import { type ExposedFamily, exposedFamily, withoutType } from './names.js'

const leftOutFamilies = internalCounter(
  'tallyscope_prometheus_left_out_families_total',
  'Families left out of expositions, because their names or labels would have made the document unreadable.',
  'family',
  'reason',
)

const leftOutSeries = internalCounter(
  'tallyscope_prometheus_left_out_series_total',
  'Series left out of expositions, because an earlier producer has a series of the same name and labels.',
  'family',
)

export interface SelectedFamily<F extends Family> {
  /** One of each producer that has the family. */
  readonly members: readonly F[]
  readonly exposed: ExposedFamily
}

/** The rows of a family; a snapshot is read as rows, too. */
export function sourcesOf({ members }: SelectedFamily<Family>): readonly RowSource[] {
  return members.flatMap((member) => (isRowSource(member) ? [member] : snapshotRows(member)))
}

/**
 * The families of one document, in the order of their names, so that documents can be compared.
 *
 * Families of the same definition are one. Of others that clash the first stays; what is left out is counted, and logged once.
 * @param format The format whose rules decide what clashes. A counter that clashes in OpenMetrics only because of its type loses the type.
 */
export function selectFamilies<F extends Family>(families: readonly F[], format: 'text' | 'openmetrics' = 'text'): SelectedFamily<F>[] {
  const selected = new Map<string, { members: F[]; exposed: ExposedFamily }>()
  const owners = new Map<string, string>()
  for (const [member, exposed] of format === 'text' ? textFamilies(families) : openMetricsFamilies(families)) {
    const same = selected.get(exposed.name)
    if (same !== undefined && same.members[0]!.descriptor.name === member.descriptor.name && haveOneDefinition(same.exposed, exposed)) {
      same.members.push(member)
      continue
    }
    const names = format === 'text' ? exposed.sampleNames : exposed.ownedNames
    const taken = names.find((name) => owners.has(name))
    if (taken !== undefined) {
      leaveOut(member, exposed, 'name_clash', `${taken} is already the name of ${owners.get(taken)}`)
    } else if (!exposed.hasDistinctLabels) {
      leaveOut(member, exposed, 'label_clash', `its labels would not differ: ${exposed.labelNames.join(', ')}`)
    } else {
      for (const name of names) owners.set(name, member.descriptor.name)
      selected.set(exposed.name, { members: [member], exposed })
    }
  }
  return [...selected.values()]
    .map(({ members, exposed }) => ({ members: members.length === 1 ? members : distinctSeries(members, exposed), exposed }))
    .sort((a, b) => (a.exposed.name < b.exposed.name ? -1 : 1))
}

function textFamilies<F extends Family>(families: readonly F[]): [F, ExposedFamily][] {
  return families.map((family) => [family, exposedFamily(family.descriptor)])
}

function openMetricsFamilies<F extends Family>(families: readonly F[]): [F, ExposedFamily][] {
  const all = textFamilies(families)
  const names = new Set(all.flatMap(([, exposed]) => (exposed.openMetricsType === 'counter' ? [] : exposed.ownedNames)))
  return all.map(([family, exposed]) => {
    const { openMetricsType, baseName, name } = exposed
    const clashes = openMetricsType === 'counter' && !names.has(name) && (names.has(baseName) || names.has(`${baseName}_created`))
    return [family, clashes ? withoutType(exposed) : exposed]
  })
}

function haveOneDefinition(one: ExposedFamily, other: ExposedFamily): boolean {
  return (
    one.openMetricsType === other.openMetricsType &&
    one.type === other.type &&
    one.unit === other.unit &&
    one.hasDistinctLabels &&
    one.labelNames.length === other.labelNames.length &&
    one.labelNames.every((name, at) => name === other.labelNames[at])
  )
}

/** The members without series that an earlier one has: readers refuse a document with two samples of one identity. */
function distinctSeries<F extends Family>(members: readonly F[], { name }: ExposedFamily): F[] {
  const seen = new Set<string>()
  return members.map((member) => {
    const [metric] = snapshotsOf([member], 0)
    const distinct = metric!.timeSeries.filter((series) => seen.size < seen.add(identityOf(series)).size)
    const duplicates = metric!.timeSeries.length - distinct.length
    if (duplicates === 0) return member
    internalCount(leftOutSeries, name).value += duplicates
    const why = 'another producer has series of the same labels'
    warnOnce('TALLYSCOPE_FAMILY_LEFT_OUT', `${name} series`, `series of ${name} are left out of the exposition: ${why}`)
    return { ...metric!, timeSeries: distinct } as Family as F
  })
}

function identityOf({ labelValues, overflow = false }: TimeSeries): string {
  return JSON.stringify([overflow, ...labelValues.map((value) => value?.toWellFormed() ?? '')])
}

function leaveOut({ descriptor }: Family, { name }: ExposedFamily, reason: string, why: string): void {
  internalCount(leftOutFamilies, name, reason).value++
  warnOnce('TALLYSCOPE_FAMILY_LEFT_OUT', `${name} ${reason}`, `${descriptor.name} is left out of the exposition: ${why}`)
}
