import type { Metric, MetricDescriptor, SummaryInterval, TimeSeries } from '../../metrics/data/metric.js'

/** One line of a histogram log, and what identifies it: a line is written once, when its stretch of time is over. */
export interface HlogInterval {
  /** The series, the same in every line of it. */
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

/** All intervals of a metric; none if it is not a summary, or is not configured to show them. */
export function hlogIntervals(metric: Metric): HlogInterval[] {
  return metric.timeSeries.flatMap((series) => {
    const tag = tagOf(metric.descriptor, series)
    return series.points.flatMap(({ value }) => {
      const intervals = typeof value === 'object' && value.kind === 'summary' ? (value.intervals ?? []) : []
      return intervals.map((interval) => ({ tag, interval }))
    })
  })
}

/** The line of one interval. Its greatest value is in the unit of the metric, those in the histogram are whole: times the scale. */
export function hlogLine({ tag, interval }: HlogInterval): string {
  const { startTimeUnixMs, endTimeUnixMs, max, histogram } = interval
  const length = (endTimeUnixMs - startTimeUnixMs) / 1_000
  return `Tag=${tag},${(startTimeUnixMs / 1_000).toFixed(3)},${length.toFixed(3)},${max},${histogram}\n`
}

/** Name, unit scale and labels; what would end the tag for a reader is escaped as in a URL. */
function tagOf({ name, labelKeys }: MetricDescriptor, { labelValues, overflow }: TimeSeries): string {
  const labels = labelKeys.flatMap((key, at) => (labelValues[at] === undefined ? [] : [`${escape(key)}=${escape(labelValues[at])}`]))
  if (overflow === true) labels.push('tallyscope_overflow=true')
  return [escape(name), ...labels].join(';')
}

function escape(text: string): string {
  return text.toWellFormed().replace(/[^\w./:-]/gu, encodeURIComponent)
}
