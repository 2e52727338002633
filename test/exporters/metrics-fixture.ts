import type { Metric } from '../../src/metrics/data/metric.js'

/** One metric of each kind that people get to see, at one moment. */
export const TIME_UNIX_MS = Date.UTC(2024, 0, 15, 10, 30, 15)

const point = (value: Metric['timeSeries'][number]['points'][number]['value']) => [{ timeUnixMs: TIME_UNIX_MS, value }]

export const latency: Metric = {
  descriptor: {
    name: 'shop/latency',
    description: 'Time to answer',
    unit: 's',
    type: 'CUMULATIVE_DISTRIBUTION',
    labelKeys: ['method', 'route'],
  },
  timeSeries: [
    {
      labelValues: ['GET', '/cart'],
      startTimeUnixMs: 0,
      points: point({
        kind: 'distribution',
        count: 4,
        sum: 0.06812345,
        mean: 0.0170308625,
        sumOfSquaredDeviation: 0.1,
        bounds: [0.005, 0.01, 0.025],
        bucketCounts: [0, 2, 1, 1],
      }),
    },
  ],
}

export const requests: Metric = {
  descriptor: { name: 'shop/requests', description: '', unit: '1', type: 'CUMULATIVE_INT64', labelKeys: ['method', 'who'] },
  timeSeries: [
    { labelValues: ['GET', undefined], startTimeUnixMs: 0, points: point(12_345_678) },
    { labelValues: ['GET', 'a b="c"'], startTimeUnixMs: 0, points: point(1) },
    { labelValues: [undefined, undefined], overflow: true, startTimeUnixMs: 0, points: point(2) },
  ],
}

export const size: Metric = {
  descriptor: { name: 'pool/size', description: 'Connections', unit: '1', type: 'GAUGE_DOUBLE', labelKeys: [] },
  timeSeries: [{ labelValues: [], points: point(Number.NaN) }],
}

export const quantiles: Metric = {
  descriptor: { name: 'shop/wait', description: 'Waiting', unit: 'ms', type: 'SUMMARY', labelKeys: [] },
  timeSeries: [
    {
      labelValues: [],
      points: point({
        kind: 'summary',
        count: 3,
        sum: 1234.5678,
        quantiles: [
          { quantile: 0.5, value: 400.123456 },
          { quantile: 0.999, value: 700 },
        ],
      }),
    },
  ],
}
