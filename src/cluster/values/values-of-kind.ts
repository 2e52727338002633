import type { Clock } from '../../base/clock.js'
import type { PercentilesSettings } from '../../metrics/histograms/percentiles-options.js'
import { DistributionValues } from './distribution-values.js'
import { type FamilyDefinition, isCumulative } from '../frames/family-definition.js'
import type { RowValues } from './row-values.js'
import { ScalarValues } from './scalar-values.js'
import { SummaryValues } from './summary-values.js'

/** Creates the storage for the values of a family's rows. */
export function rowValues(definition: FamilyDefinition, clock: Clock): RowValues {
  if (definition.kind === 'distribution') return new DistributionValues(definition.bounds.length + 1, definition.settings)
  return definition.kind === 'summary'
    ? new SummaryValues(definition.settings as PercentilesSettings | undefined, clock)
    : new ScalarValues(isCumulative(definition.descriptor))
}
