import { type SelfCount, selfCount, selfFamily } from '../../base/internal-metrics.js'

const FAULTS = selfFamily({
  name: 'tallyscope_http_server_faults_total',
  description: 'Incoming HTTP requests that could not be read, or whose route was counted as "other" or not found, by reason.',
  type: 'counter',
  unit: '1',
  labelKeys: ['reason'],
})

export function serverFault(reason: 'event' | 'route' | 'too many routes'): SelfCount {
  return selfCount(FAULTS, reason)
}
