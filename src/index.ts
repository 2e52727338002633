export { DefinitionError, ExportError, TallyscopeError, TransportError } from './base/errors.js'
export { type Clock, systemClock } from './base/clock.js'
export type { Exporter, Transport } from './base/export.js'
export type { Logger } from './base/logger.js'
export type {
  DistributionValue,
  Exemplar,
  Metric,
  MetricDescriptor,
  MetricType,
  Point,
  PointValue,
  SummaryValue,
  TimeSeries,
} from './metrics/metric.js'
export type { EngineLimits } from './metrics/limits.js'
export { Cumulative, CumulativeSeries } from './metrics/cumulative.js'
export { Derived, type Observe } from './metrics/derived.js'
export { Gauge, GaugeSeries } from './metrics/gauge.js'
export { Info, StateSet, type StateSetOptions } from './metrics/info.js'
export type { InstrumentOptions, LabelsFor, LabelValue } from './metrics/instrument.js'
export { MetricRegistry, type MetricRegistryOptions } from './metrics/metric-registry.js'
export type { GatheringContext, MetricProducer } from './metrics/producer.js'
export type { Family, RowChunk, RowSource } from './metrics/row-source.js'
export { type Aggregation, count, distribution, lastValue, sum } from './stats/aggregation.js'
export { currentTags, withTags } from './stats/current-tags.js'
export { Measure, type MeasureOptions, type TagsFor } from './stats/measure.js'
export { MeasurementMap, StatsRecorder } from './stats/measurement-map.js'
export { type Attachments, BoundMeasure } from './stats/record.js'
export { Stats, type StatsOptions, stats } from './stats/stats.js'
export { NO_PROPAGATION, TagMap, type Tags, type TagTtl, type TagValue, UNLIMITED_PROPAGATION } from './stats/tag-map.js'
export { View, type ViewOptions } from './stats/view.js'
export type { AggregationData, ViewData, ViewRow } from './stats/view-data.js'
export { ViewManager } from './stats/view-manager.js'
