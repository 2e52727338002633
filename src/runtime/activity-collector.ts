import type { MetricDescriptor } from '../metrics/data/metric.js'
import { type Collector, exact, type Take } from './collector.js'

// Node has no public way to these two; prom-client shows them, so dashboards have them.
interface Activity {
  readonly _getActiveHandles?: () => readonly object[]
  readonly _getActiveRequests?: () => readonly object[]
}

/** Names that end in `_total` and are gauges: wrong in OpenMetrics, so only with the option for prom-client's names. */
export const MISNAMED: readonly string[] = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total']

/** What keeps the event loop alive, by kind. */
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

  collect(take: Take): void {
    const { _getActiveHandles, _getActiveRequests } = process as unknown as Activity
    takeKinds(take, 'nodejs_active_resources', process.getActiveResourcesInfo())
    takeKinds(take, 'nodejs_active_handles', _getActiveHandles?.call(process).map(kindOf))
    takeKinds(take, 'nodejs_active_requests', _getActiveRequests?.call(process).map(kindOf))
  }
}

function takeKinds(take: Take, name: string, kinds: readonly string[] | undefined): void {
  if (kinds === undefined) return
  const counts = new Map<string, number>()
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  for (const [kind, count] of counts) take(name, count, [kind])
  take(`${name}_total`, kinds.length)
}

function kindOf(active: object): string {
  return active.constructor?.name || 'Object'
}
