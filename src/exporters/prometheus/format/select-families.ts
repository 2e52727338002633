import { DefinitionError } from '../../../base/errors.js'
import { isThenable } from '../../../base/finally-async.js'
import { inspectValue } from '../../../base/strings/inspect-value.js'
import { internalCount, internalCounter } from '../../../base/internal-metrics.js'
import { warnOnce } from '../../../base/logger.js'
import type { Family, RowSource } from '../../../metrics/data/row-source.js'
import { rowSourcesOf } from '../../../metrics/data/snapshot-rows.js'
import { snapshotsOf } from '../../../metrics/data/snapshot.js'
import type { TimeSeries } from '../../../metrics/data/metric.js'
import { reorderLabels } from '../../../metrics/data/relabel.js'
import { type ExposedFamily, exposedFamily } from './names.js'
import type { SelectedFamily } from './selected-family.js'
import { untypeClashes } from './untyped-families.js'

const leftOutFamilies = internalCounter(
  'tallyscope_prometheus_left_out_families_total',
  'Families left out of expositions because of names or labels that would make the document invalid, by reason.',
  'family',
  'reason',
)

const leftOutSeries = internalCounter(
  'tallyscope_prometheus_left_out_series_total',
  'Series left out of expositions because an earlier producer has a series with the same name and labels.',
  'family',
)

/** Returns the row sources of a family. Snapshots are converted. */
export function sourcesOf({ members }: SelectedFamily<Family>): readonly RowSource[] {
  return members.flatMap(rowSourcesOf)
}

/**
 * Selects the families of one document, sorted by name.
 *
 * Families with the same definition are merged, whatever the order of their labels. Of others with clashing names, the first is kept; the rest is counted and logged once.
 * @param format For `openmetrics`, families that clash only because of their types lose their types.
 * @throws {@link DefinitionError} `ERR_METRICS` unless the families are an array.
 */
export function selectFamilies<F extends Family>(families: readonly F[], format: 'text' | 'openmetrics' = 'text'): SelectedFamily<F>[] {
  if (!Array.isArray(families)) {
    const hint = isThenable(families) ? 'a promise: await it' : inspectValue(families)
    throw new DefinitionError('ERR_METRICS', `metrics must be an array, such as await gather([stats]): they are ${hint}`)
  }
  const selected = new Map<string, { members: F[]; exposed: ExposedFamily }>()
  const owners = new Map<string, string>()
  for (const member of families) {
    const exposed = exposedFamily(member.descriptor)
    const same = selected.get(exposed.name)
    if (same !== undefined && same.members[0]!.descriptor.name === member.descriptor.name && haveOneDefinition(same.exposed, exposed)) {
      same.members.push(inOrderOf(same.exposed, member, exposed))
      continue
    }
    if (hasClash(member, exposed, owners)) continue
    for (const name of exposed.sampleNames) owners.set(name, member.descriptor.name)
    selected.set(exposed.name, { members: [member], exposed })
  }
  const distinct = [...selected.values()].map(({ members, exposed }) => ({
    members: members.length === 1 ? members : distinctSeries(members, exposed),
    exposed,
  }))
  return [...(format === 'text' ? distinct : untypeClashes(distinct))].sort((a, b) => (a.exposed.name < b.exposed.name ? -1 : 1))
}

/** Returns true, counts and logs it if a family would make the document invalid. @param owners The families by their sample names. */
function hasClash(member: Family, exposed: ExposedFamily, owners: ReadonlyMap<string, string>): boolean {
  const taken = exposed.sampleNames.find((name) => owners.has(name))
  if (taken === undefined && exposed.hasDistinctLabels) return false
  if (taken !== undefined) leaveOut(member, exposed, 'name_clash', `the name ${taken} is already used by ${owners.get(taken)}`)
  else leaveOut(member, exposed, 'label_clash', `its label names are not distinct: ${exposed.labelNames.join(', ')}`)
  return true
}

function haveOneDefinition(one: ExposedFamily, other: ExposedFamily): boolean {
  return (
    one.openMetricsType === other.openMetricsType &&
    one.type === other.type &&
    one.unit === other.unit &&
    one.hasDistinctLabels &&
    one.labelNames.length === other.labelNames.length &&
    one.labelNames.every((name) => other.labelNames.includes(name))
  )
}

/** Returns a family whose labels have the order of the first family with its name. */
function inOrderOf<F extends Family>({ labelNames }: ExposedFamily, member: F, { labelNames: own }: ExposedFamily): F {
  if (labelNames.every((name, at) => name === own[at])) return member
  return reorderLabels(
    member,
    labelNames.map((name) => own.indexOf(name)),
  )
}

/** Removes series that an earlier member has too, because parsers reject duplicate samples. */
function distinctSeries<F extends Family>(members: readonly F[], { name }: ExposedFamily): F[] {
  const seen = new Set<string>()
  return members.map((member) => {
    const [metric] = snapshotsOf([member], 0)
    const distinct = metric!.timeSeries.filter((series) => seen.size < seen.add(identityOf(series)).size)
    const duplicates = metric!.timeSeries.length - distinct.length
    if (duplicates === 0) return member
    internalCount(leftOutSeries, name).value += duplicates
    const why = 'another producer has series with the same labels'
    warnOnce('TALLYSCOPE_FAMILY_LEFT_OUT', `${name} series`, `series of ${name} are left out of the exposition: ${why}`)
    return { ...metric!, timeSeries: distinct } as Family as F
  })
}

function identityOf({ labelValues, overflow = false }: TimeSeries): string {
  return JSON.stringify([overflow, ...labelValues.map((value) => String(value ?? '').toWellFormed())])
}

function leaveOut({ descriptor }: Family, { name }: ExposedFamily, reason: string, why: string): void {
  internalCount(leftOutFamilies, name, reason).value++
  warnOnce('TALLYSCOPE_FAMILY_LEFT_OUT', `${name} ${reason}`, `${descriptor.name} is left out of the exposition: ${why}`)
}
