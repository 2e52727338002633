// @ts-check
// A small, steady load: so many requests a second of each kind, whatever the machine does meanwhile.
import { Agent, request } from 'node:http'

const TICK_MS = 20

/** Requests a second. */
export const RATES = { products: 20, orders: 10, unknownProduct: 2 }

/**
 * Starts the load and returns what stops it, once the requests under way are answered.
 * @param {string} url
 * @returns {() => Promise<void>}
 */
export function startLoad(url) {
  const agent = new Agent({ keepAlive: true })
  const started = performance.now()
  const sent = { products: 0, orders: 0, unknownProduct: 0 }
  /** @type {Set<Promise<void>>} */
  const underWay = new Set()

  /**
   * @param {string} method
   * @param {string} path
   * @param {string} region
   * @param {object} [body]
   */
  const send = (method, path, region, body) => {
    const answered = new Promise((resolve) => {
      const outgoing = request(url + path, { method, agent, headers: { 'x-region': region, 'content-type': 'application/json' } })
      outgoing.once('response', (response) => response.resume().once('close', resolve))
      outgoing.once('error', resolve)
      outgoing.end(body && JSON.stringify(body))
    }).then(() => void underWay.delete(answered))
    underWay.add(answered)
  }

  const timer = setInterval(() => {
    const seconds = (performance.now() - started) / 1_000
    for (; sent.products < seconds * RATES.products; sent.products++) send('GET', '/products', sent.products % 4 === 0 ? 'south' : 'north')
    for (; sent.orders < seconds * RATES.orders; sent.orders++) {
      // Every number of articles from 1 to 8 in turn, so that the quantiles are known beforehand.
      send('POST', '/orders', 'north', { product: ['tea', 'cup', 'pot'][sent.orders % 3], items: 1 + (sent.orders % 8) })
    }
    for (; sent.unknownProduct < seconds * RATES.unknownProduct; sent.unknownProduct++) {
      send('POST', '/orders', 'south', { product: 'hat', items: 1 })
    }
  }, TICK_MS)

  return async () => {
    clearInterval(timer)
    await Promise.all(underWay)
    agent.destroy()
  }
}
