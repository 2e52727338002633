// @ts-check
// What the shop measures, all in base units, and what is kept of it.
import { count, distribution, lastValue, MetricRegistry, stats, sum } from 'tallyscope'

export const latency = stats.measure('shop/latency', {
  unit: 's',
  description: 'Time from the arrival of a request to the last byte of its response',
  tagKeys: ['method', 'route', 'status'],
})

export const orderItems = stats.measure('shop/order/items', { unit: '1', type: 'int64', description: 'Articles in one order' })

export const sentBytes = stats.measure('shop/sent', { unit: 'By', type: 'int64', description: 'Size of responses' })

export const stock = stats.measure('shop/stock', {
  unit: '1',
  type: 'int64',
  description: 'Articles left of a product',
  tagKeys: ['product'],
})

const { viewManager } = stats

viewManager.registerView({
  name: 'shop/requests',
  measure: latency,
  tagKeys: ['method', 'route', 'status'],
  aggregation: count(),
  description: 'Requests served',
})

viewManager.registerView({
  name: 'shop/latency',
  measure: latency,
  tagKeys: ['route'],
  aggregation: distribution([0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]),
})

// `region` is known to the hook that sees every request, not to the code that records: it comes along with the async context.
viewManager.registerView({
  name: 'shop/order/items',
  measure: orderItems,
  tagKeys: ['region'],
  aggregation: distribution([1, 2, 3, 4, 5, 6, 7, 8]),
})

viewManager.registerView({ name: 'shop/sent', measure: sentBytes, tagKeys: ['region'], aggregation: sum() })

viewManager.registerView({ name: 'shop/stock', measure: stock, tagKeys: ['product'], aggregation: lastValue() })

export const registry = new MetricRegistry()

export const openRequests = registry.gauge('shop/open/requests', { unit: '1', description: 'Requests being answered now' })

registry.derivedGauge('shop/uptime', { unit: 's', description: 'Time since the shop opened' }).observe(() => process.uptime())
