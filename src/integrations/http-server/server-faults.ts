import { type InternalCount, internalCount, internalCounter } from '../../base/internal-metrics.js'

const FAULTS = internalCounter(
  'tallyscope_http_server_faults_total',
  'Incoming HTTP requests that could not be read, or whose route was counted as "other" or not found, by reason.',
  'reason',
)

export function serverFault(reason: 'event' | 'route' | 'too many routes'): InternalCount {
  return internalCount(FAULTS, reason)
}
