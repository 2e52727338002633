export { shareMetrics } from './share-metrics.js'
export type { ShareMetricsOptions } from './share-metrics.js'
export type { MemberInfo, MetricGroup } from './metric-group.js'
export type { GroupLimits } from './group-limits.js'
