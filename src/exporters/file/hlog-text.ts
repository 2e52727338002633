import type { Metric, MetricDescriptor, SummaryInterval, TimeSeries } from '../../metrics/data/metric.js'

/** One line of a histogram log. */
export interface HlogInterval {
  /** Identifies the series. */
  readonly tag: string
  readonly interval: SummaryInterval
}

/** The first lines of a histogram log. @see https://github.com/HdrHistogram/HdrHistogram (HistogramLogWriter) */
export function hlogHead(startTimeUnixMs: number): string {
  const seconds = (startTimeUnixMs / 1_000).toFixed(3)
  return [
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${seconds} (seconds since epoch), ${new Date(startTimeUnixMs).toISOString()}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    '',
  ].join('\n')
}

/** The intervals of a metric. Empty if it is not a summary, or its view is not configured to report them. */
export function hlogIntervals(metric: Metric): HlogInterval[] {
  return metric.timeSeries.flatMap((series) => {
    const tag = tagOf(metric.descriptor, series)
    return series.points.flatMap(({ value }) => {
      const intervals = typeof value === 'object' && value.kind === 'summary' ? (value.intervals ?? []) : []
      return intervals.map((interval) => ({ tag, interval }))
    })
  })
}

/** Formats an interval. The maximum is in the unit of the metric; values in the histogram are scaled to integers. */
export function hlogLine({ tag, interval }: HlogInterval): string {
  const { startTimeUnixMs, endTimeUnixMs, max, histogram } = interval
  const length = (endTimeUnixMs - startTimeUnixMs) / 1_000
  return `Tag=${tag},${(startTimeUnixMs / 1_000).toFixed(3)},${length.toFixed(3)},${max},${histogram}\n`
}

/** The name and the labels. Characters that would end the tag are percent-encoded. */
function tagOf({ name, labelKeys }: MetricDescriptor, { labelValues, overflow }: TimeSeries): string {
  const labels = labelKeys.flatMap((key, at) => (labelValues[at] === undefined ? [] : [`${escape(key)}=${escape(labelValues[at])}`]))
  if (overflow === true) labels.push('tallyscope_overflow=true')
  return [escape(name), ...labels].join(';')
}

function escape(text: string): string {
  return text.toWellFormed().replace(/[^\w./:-]/gu, encodeURIComponent)
}
