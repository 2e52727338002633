import type { MetricDescriptor } from '../metrics/data/metric.js'
import { type Collector, exact, type AddValue } from './collector.js'

// Private functions of Node. prom-client uses them too, and dashboards expect their metrics.
interface Activity {
  readonly _getActiveHandles?: () => readonly object[]
  readonly _getActiveRequests?: () => readonly object[]
}

/** Gauges whose names end in `_total`, which OpenMetrics forbids. Only exposed with `promClientNames`. */
export const MISNAMED: readonly string[] = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total']

/** The numbers of resources that keep the event loop alive, by type. */
export class ActivityCollector implements Collector {
  readonly name = 'activity'
  readonly descriptors: readonly MetricDescriptor[] = [
    exact(
      'nodejs_active_resources',
      'Number of active resources that are currently keeping the event loop alive, grouped by async resource type.',
      '1',
      'GAUGE_DOUBLE',
      ['type'],
    ),
    exact('nodejs_active_resources_total', 'Total number of active resources.', '1'),
    exact(
      'nodejs_active_handles',
      'Number of active libuv handles grouped by handle type. Every handle type is C++ class name.',
      '1',
      'GAUGE_DOUBLE',
      ['type'],
    ),
    exact('nodejs_active_handles_total', 'Total number of active handles.', '1'),
    exact(
      'nodejs_active_requests',
      'Number of active libuv requests grouped by request type. Every request type is C++ class name.',
      '1',
      'GAUGE_DOUBLE',
      ['type'],
    ),
    exact('nodejs_active_requests_total', 'Total number of active requests.', '1'),
  ]

  collect(add: AddValue): void {
    const { _getActiveHandles, _getActiveRequests } = process as unknown as Activity
    addKinds(add, 'nodejs_active_resources', process.getActiveResourcesInfo())
    addKinds(add, 'nodejs_active_handles', _getActiveHandles?.call(process).map(kindOf))
    addKinds(add, 'nodejs_active_requests', _getActiveRequests?.call(process).map(kindOf))
  }
}

function addKinds(add: AddValue, name: string, kinds: readonly string[] | undefined): void {
  if (kinds === undefined) return
  const counts = new Map<string, number>()
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  for (const [kind, count] of counts) add(name, count, [kind])
  add(`${name}_total`, kinds.length)
}

function kindOf(active: object): string {
  return active.constructor?.name || 'Object'
}
