// @ts-check
// Sends a finished document: the cost of node:http and the kernel alone.
import { createServer } from 'node:http'
import { labelValues } from './fleet.js'
import { listen } from './listen.js'

/**
 * @param {import('./fleet.js').Kind} kind
 * @param {number} count
 * @returns {import('./fleet.js').Fleet}
 */
export function make(kind, count) {
  const labels = labelValues(count)
  const lines = kind === 'counters' ? 1 : 15
  const document = () => {
    const parts = []
    for (let at = 0; at < count; at++) {
      const { shard, item } = labels.of(at)
      const line = `peer_latency_seconds{shard="${shard}",item="${item}"} ${at % 7}\n`
      parts.push(Buffer.from(line.repeat(lines)))
    }
    return Buffer.concat(parts)
  }
  /** @type {Buffer | undefined} */
  let finished
  return {
    touch: () => {},
    scrape: async () => (finished ??= document()).length,
    serve: () => {
      finished ??= document()
      return listen(createServer((_, response) => response.end(finished)))
    },
  }
}
