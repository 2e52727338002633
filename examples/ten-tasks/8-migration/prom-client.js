// The metrics of a shop, made by prom-client: default labels, a counter without _total, a histogram in milliseconds.
import { collectDefaultMetrics, Counter, exponentialBuckets, Gauge, Histogram, register, Summary } from 'prom-client'

register.setDefaultLabels({ app: 'shop' })
collectDefaultMetrics()
const orders = new Counter({ name: 'orders_created', help: 'Orders', labelNames: ['kind'] })
const mails = new Counter({ name: 'mails_sent_total', help: 'Mails' })
const carts = new Gauge({ name: 'carts_open', help: 'Carts that are open' })
const pool = { size: 4 }
new Gauge({
  name: 'billing_pool_size',
  help: 'Connections',
  collect() {
    this.set(pool.size)
  },
})
const queries = new Histogram({
  name: 'billing_db_ms',
  help: 'Time of a query',
  labelNames: ['table'],
  buckets: exponentialBuckets(1, 10, 4),
})
const checkout = new Histogram({ name: 'checkout_duration_seconds', help: 'Time of a checkout', buckets: [0.1, 1] })
const uploads = new Summary({ name: 'upload_size_bytes', help: 'Sizes', percentiles: [0.5, 0.99], maxAgeSeconds: 600, ageBuckets: 5 })

export const openCart = () => carts.inc()
export const closeCart = () => carts.dec()
export const sendMail = () => mails.inc()
export const upload = (bytes = 0) => uploads.observe(bytes)
export const query = (table = '', ms = 0) => queries.observe({ table }, ms)
export const order = async (kind = '', pay = async () => {}) => {
  const end = checkout.startTimer()
  await pay()
  end()
  orders.inc({ kind })
}
export const handler = async (_request = {}, response = { setHeader: (_name = '', _value = '') => {}, end: (_body = '') => {} }) => {
  response.setHeader('content-type', register.contentType)
  response.end(await register.metrics())
}
