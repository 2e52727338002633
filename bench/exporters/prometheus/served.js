// @ts-check
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startForked } from '../../forked.js'

/**
 * A contender that serves its metrics in a process of its own.
 * @typedef {import('../../forked.js').Forked & { scrape: () => Promise<number> }} Served `scrape` gives the bytes of the body.
 */

/**
 * @param {string} contender
 * @param {import('../../fleets/fleet.js').Kind} kind
 * @param {number} count
 * @returns {Promise<Served>}
 */
export async function serve(contender, kind, count) {
  const program = fileURLToPath(new URL('serve-process.js', import.meta.url))
  const forked = await startForked(program, [contender, kind, String(count)])
  const agent = new Agent({ keepAlive: true })
  return {
    ...forked,
    scrape: () => bytesOf(forked.url, agent),
    stop: () => {
      agent.destroy()
      forked.stop()
    },
  }
}

/**
 * @param {string} url
 * @param {Agent} agent
 * @returns {Promise<number>}
 */
function bytesOf(url, agent) {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      let bytes = 0
      let start = ''
      response.on('data', (/** @type {Buffer} */ chunk) => {
        if (bytes === 0) start = chunk.subarray(0, 200).toString()
        bytes += chunk.length
      })
      response.on('end', () => {
        if (response.statusCode === 200 && !start.startsWith('# failed')) resolve(bytes)
        else reject(new Error(start.trim().split('\n')[0]))
      })
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}
