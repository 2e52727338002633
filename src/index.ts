export { DefinitionError, ExportError, TallyscopeError, TransportError } from './base/errors.js'
export { type Clock, systemClock } from './base/clock.js'
export type { Exporter, Transport } from './base/exporter.js'
export type { Logger } from './base/logger.js'
export { AsyncTransport } from './exporters/transport/async-transport.js'
export type { AsyncTransportOptions } from './exporters/transport/async-transport-options.js'
export { ConsoleExporter, type ConsoleExporterOptions } from './exporters/console/console-exporter.js'
export { FileExporter, type FileExporterOptions } from './exporters/file/file-exporter.js'
export { LoggingExporter, type LoggingExporterOptions } from './exporters/console/logging-exporter.js'
export { MemoryExporter, type MemoryExporterOptions } from './exporters/memory-exporter.js'
export { installShutdownHooks, type ShutdownHookOptions, type ShutdownTarget } from './setup/shutdown-hooks.js'
export type { TextStream } from './exporters/console/stream-writer.js'
export { SyncTransport, type SyncTransportOptions } from './exporters/transport/sync-transport.js'
export type { TransportAccounting } from './exporters/transport/transport-stats.js'
export { exportPeriodically, type ExportPeriodicallyOptions } from './metrics/collection/export-periodically.js'
export { ExponentialHistogram, type ExponentialSnapshot } from './metrics/histograms/exponential-histogram.js'
export type { ExponentialOptions } from './metrics/histograms/exponential-options.js'
export { type FamilyExportContext, type FamilyExporter } from './metrics/data/family-exporter.js'
export { gather, gatherFamilies, type GatherFailure, type GatherFailureReason, type GatherOptions } from './metrics/collection/gather.js'
export { PeriodicMetricTask, type PeriodicTaskStatus } from './metrics/collection/periodic-metric-task.js'
export type { PeriodicMetricTaskOptions } from './metrics/collection/periodic-task-options.js'
export { selfMetrics, type SelfMetricsOptions } from './metrics/collection/internal-metrics-producer.js'
export type {
  DistributionValue,
  Exemplar,
  ExponentialValue,
  Metric,
  MergeRule,
  MetricDescriptor,
  MetricType,
  Point,
  PointValue,
  SummaryInterval,
  SummaryValue,
  TimeSeries,
} from './metrics/data/metric.js'
export type { EngineLimits } from './metrics/store/limits.js'
export { Cumulative, Cumulative as Counter, CumulativeSeries } from './metrics/instruments/cumulative.js'
export { exponentialBounds, linearBounds } from './metrics/histograms/bounds.js'
export { Derived, type DerivedGaugeOptions, type DerivedOptions, type Observe } from './metrics/instruments/derived.js'
export { Gauge, GaugeSeries } from './metrics/instruments/gauge.js'
export { Histogram, type HistogramOptions, ObservingSeries } from './metrics/instruments/histogram.js'
export type { LabelArguments, OptionalValueAndLabels, ValueAndLabels } from './metrics/instruments/instrument-handle.js'
export { Info, StateSet, type StateSetOptions } from './metrics/instruments/info.js'
export type { GaugeOptions } from './metrics/instruments/gauge.js'
export type { InstrumentOptions, LabelsFor, LabelValue } from './metrics/instruments/instrument.js'
export { MetricRegistry, type MetricRegistryOptions } from './metrics/instruments/metric-registry.js'
export { Summary, type SummaryOptions } from './metrics/instruments/summary.js'
export { relabel, type RelabelOptions } from './metrics/data/relabel.js'
export type { GatheringContext, MetricProducer } from './metrics/data/producer.js'
export type { Family, RowChunk, RowSource } from './metrics/data/row-source.js'
export {
  type Aggregation,
  count,
  type CountAggregation,
  distribution,
  type DistributionAggregation,
  exponential,
  type ExponentialAggregation,
  type ExponentialAggregationOptions,
  lastValue,
  type LastValueAggregation,
  type LastValueOptions,
  percentiles,
  type PercentilesAggregation,
  sum,
  type SumAggregation,
  type ViewAggregation,
} from './stats/views/aggregation.js'
export type { Attachments } from './stats/recording/attachments.js'
export { currentTags, withOnlyTags, withTags } from './stats/tags/current-tags.js'
export { Measure, type MeasureOptions, type TagsFor } from './stats/recording/measure.js'
export { MeasurementMap, StatsRecorder } from './stats/recording/measurement-map.js'
export { BoundMeasure } from './stats/recording/record.js'
export { openCensusRpcExtraViews, openCensusRpcViews } from './http/views/opencensus-rpc-views.js'
export { type ReadyMeasure, type ReadyView, registerReadyViews } from './http/views/predefined-view.js'
export { type MeasureWithViewOptions, Stats, type StatsOptions, stats, type TimerTags } from './stats/stats.js'
export { NO_PROPAGATION, TagMap, type Tags, type TagTtl, type TagValue, UNLIMITED_PROPAGATION } from './stats/tags/tag-map.js'
export { Timer } from './base/duration-timer.js'
export { type DataOf, RegisteredView } from './stats/views/registered-view.js'
export { View, type ViewOptions } from './stats/views/view.js'
export type { AggregationData, ViewData, ViewRow } from './stats/views/view-data.js'
export { ViewManager } from './stats/views/view-manager.js'
export type { Annotation } from './trace/data/annotation.js'
export type { Attributes, AttributesInit, AttributeValue } from './trace/data/attributes.js'
export { BoundedList } from './trace/data/bounded-list.js'
export { BoundedMap } from './trace/data/bounded-map.js'
export { AlwaysOffSampler, AlwaysOnSampler } from './trace/sampling/constant-samplers.js'
export { type Link, type LinkInit, LinkType } from './trace/data/link.js'
export { type MessageEvent, type MessageEventInit, MessageEventType } from './trace/data/message-event.js'
export { ParentBasedSampler, type ParentBasedSamplerOptions } from './trace/sampling/parent-based-sampler.js'
export { ProbabilitySampler } from './trace/sampling/probability-sampler.js'
export { B3Propagator } from './trace/propagation/b3.js'
export { B3MultiPropagator } from './trace/propagation/b3-multi.js'
export { B3SinglePropagator } from './trace/propagation/b3-single.js'
export { JaegerPropagator } from './trace/propagation/jaeger.js'
export { TagBaggage, type TagBaggageOptions } from './trace/propagation/baggage.js'
export { BinaryPropagator } from './trace/propagation/binary.js'
export type { ReadableCarrier, WritableCarrier } from './trace/propagation/carrier.js'
export { CompositePropagator } from './trace/propagation/composite.js'
export { GoogleCloudPropagator } from './trace/propagation/google-cloud.js'
export type { HeaderGetter, HeaderSetter, Propagator } from './trace/propagation/propagator.js'
export { TextMapPropagator } from './trace/propagation/opencensus-text.js'
export { TraceContextPropagator } from './trace/propagation/trace-context.js'
export type { RandomWords } from './trace/context/random-source.js'
export { RateLimitingSampler, type RateLimitingSamplerOptions } from './trace/sampling/rate-limiting-sampler.js'
export { RemoteSamplingLimit } from './trace/sampling/remote-sampling-limit.js'
export type { RunningSpan } from './trace/views/running-spans.js'
export type { Sampler, SamplingInput } from './trace/sampling/sampler.js'
export { Span } from './trace/span/span.js'
export { isValidSpanId, isValidTraceId, SpanContext, type SpanContextInit } from './trace/context/span-context.js'
export { SpanData, type SpanDataInit, type SpanDropCounts } from './trace/data/span-data.js'
export { type SpanJson, type TraceDocument, traceDocuments } from './trace/data/span-json.js'
export { SpanKind } from './trace/data/span-kind.js'
export { type SpanView, spanViews } from './trace/views/span-latency.js'
export type { SpanLimits } from './trace/data/span-limits.js'
export type { SpanOptions } from './trace/span/span-options.js'
export type { ErrorBucket, LatencyBucket, SpanNameSummary, SpanSummaryOptions, SummaryBucket } from './trace/views/span-store.js'
export { type StackFrame, StackTrace } from './trace/data/stack-trace.js'
export { type ClientFailure, Status } from './trace/data/status.js'
export { StatusCode } from './trace/data/status-code.js'
export { TraceState } from './trace/context/trace-state.js'
export type { TraceDecorator, TraceOptions } from './trace/traced-function.js'
export { type TraceExporter, Tracer, type TracerOptions } from './setup/tracer.js'
export type { PartOption, TallyscopeOptions } from './setup/tallyscope-options.js'
export { Tallyscope, createTallyscope } from './setup/tallyscope.js'
export { ConfigurationError, type ConfigurationProblem } from './setup/configuration/problem.js'
export { RuntimeMetrics, type RuntimeMetricsOptions, runtimeMetrics } from './runtime/runtime-metrics.js'
export { HlogExporter, type HlogExporterOptions } from './exporters/file/hlog-exporter.js'
export { decodeTagsBinary, encodeTagsBinary } from './stats/tags/tag-codec-binary.js'
export { decodeTagsText, encodeTagsText } from './stats/tags/tag-codec-text.js'
export type { TagCodecOptions, TagPropagationFilter } from './stats/tags/tag-propagation.js'
export { mergeResources, type Resource, resourceFromEnvironment } from './base/resource.js'
