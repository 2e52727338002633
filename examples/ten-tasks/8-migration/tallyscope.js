// The same metrics under the same names, moved over by the steps of docs/from-prom-client.md.
import { exponentialBounds, MetricRegistry, runtimeMetrics } from 'tallyscope'
import { nodeHandler, textEncoder } from 'tallyscope/prometheus'

const registry = new MetricRegistry()
const orders = registry.counter('orders_created', { description: 'Orders', labelKeys: ['kind'], exactName: true })
const mails = registry.counter('mails_sent_total', { description: 'Mails' })
const carts = registry.gauge('carts_open', { description: 'Carts that are open' })
const pool = { size: 4 }
registry.derivedGauge('billing_pool_size', { description: 'Connections' }).observe(() => pool.size)
const queries = registry.histogram('billing_db_ms', {
  description: 'Time of a query',
  labelKeys: ['table'],
  bounds: exponentialBounds(1, 10, 4),
})
const checkout = registry.histogram('checkout_duration_seconds', { unit: 's', description: 'Time of a checkout', bounds: [0.1, 1] })
const uploads = registry.summary('upload_size_bytes', { unit: 'By', description: 'Sizes', quantiles: [0.5, 0.99], windows: 5 })

export const openCart = () => carts.inc()
export const closeCart = () => carts.dec()
export const sendMail = () => mails.inc()
export const upload = (bytes = 0) => uploads.observe(bytes)
export const query = (table = '', ms = 0) => queries.observe(ms, { table })
export const order = async (kind = '', pay = async () => {}) => {
  await checkout.time(pay)
  orders.inc({ kind })
}
export const handler = nodeHandler({
  producers: [registry, runtimeMetrics({ promClientNames: true })],
  constantLabels: { app: 'shop' },
  selfMetrics: false,
  encoders: [textEncoder], // le="1" stays le="1"
})
