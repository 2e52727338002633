// @ts-check
// The load: records and spans at a steady rate, in small portions, so that the load itself does not block the event loop.
import { distribution, count } from 'tallyscope'

export const RECORDS_A_SECOND = 10_000
const SPANS_A_SECOND = 100
const HELPING_MS = 10
/** Maximum of the load that is made up for at once after the process was stopped. */
const MAX_HELPING = 1_000

const ROUTES = 100
const USERS = 80
const STATUSES = [
  '200',
  '201',
  '204',
  '301',
  '302',
  '304',
  '400',
  '401',
  '403',
  '404',
  '409',
  '410',
  '418',
  '422',
  '429',
  '500',
  '501',
  '502',
  '503',
  '504',
]

/** Rows of both views together: every combination comes again and again. */
export const SERIES = ROUTES * USERS + ROUTES * STATUSES.length

const routes = Array.from({ length: ROUTES }, (_, at) => `/route/${at}`)
const users = Array.from({ length: USERS }, (_, at) => `user-${at}`)

/** @param {import('tallyscope').Stats} stats */
export function defineViews(stats) {
  const latency = stats.measure('soak/latency', { unit: 's', description: 'Time to answer', tagKeys: ['route', 'user', 'status'] })
  stats.viewManager.registerView({ name: 'soak/requests', measure: latency, tagKeys: ['route', 'user'], aggregation: count() })
  stats.viewManager.registerView({
    name: 'soak/latency',
    measure: latency,
    tagKeys: ['route', 'status'],
    aggregation: distribution([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
  })
  return latency
}

/**
 * @param {import('tallyscope').Stats} stats
 * @param {import('tallyscope').Tracer} tracer
 * @param {ReturnType<typeof defineViews>} latency
 */
export function startLoad(stats, tracer, latency) {
  const began = performance.now()
  const done = { records: 0, spans: 0 }
  const timer = setInterval(() => {
    const seconds = (performance.now() - began) / 1e3
    const helping = Math.min(MAX_HELPING, Math.floor(seconds * RECORDS_A_SECOND) - done.records)
    for (let at = 0; at < helping; at++) {
      const n = done.records++
      const route = routes[n % ROUTES] ?? ''
      const user = users[Math.floor(n / ROUTES) % USERS] ?? ''
      const status = STATUSES[Math.floor(n / ROUTES) % STATUSES.length] ?? ''
      stats.record(latency, (n % 997) / 100, { route, user, status })
    }
    const spans = Math.min(MAX_HELPING, Math.floor(seconds * SPANS_A_SECOND) - done.spans)
    for (let at = 0; at < spans; at += 2) {
      done.spans += 2
      tracer.span('request', () => tracer.span('query', (span) => span.addAttribute('rows', done.spans)))
    }
  }, HELPING_MS)
  return { done, stop: () => clearInterval(timer) }
}
