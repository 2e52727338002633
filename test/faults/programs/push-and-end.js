// Pushes metrics and spans once and has nothing else to do: node push-and-end.js <url>
import { AlwaysOnSampler, MetricRegistry, Tracer } from 'tallyscope'
import { OtlpMetricExporter, OtlpTraceExporter } from 'tallyscope/otlp'

const endpoint = process.argv[2]
const registry = new MetricRegistry()
registry.counter('jobs').inc()
await new OtlpMetricExporter({ endpoint }).export(registry.getMetrics())
const spans = new OtlpTraceExporter({ endpoint })
const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter: spans })
tracer.startDetachedSpan('end').end()
await spans.transport.flush()
