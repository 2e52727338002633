// @ts-check
import { fork } from 'node:child_process'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'

/**
 * A contender that serves its metrics in a process of its own.
 * @typedef {object} Served
 * @property {string} url
 * @property {() => Promise<number>} scrape Gives the bytes of the body.
 * @property {(what: string, argument?: number) => Promise<any>} ask
 * @property {() => string | undefined} ended Why the process is gone, if it is.
 * @property {() => void} stop
 */

/**
 * @param {string} contender
 * @param {import('../../fleets/fleet.js').Kind} kind
 * @param {number} count
 * @returns {Promise<Served>}
 */
export function serve(contender, kind, count) {
  const child = fork(fileURLToPath(new URL('serve-process.js', import.meta.url)), [contender, kind, String(count)], {
    // The heap that Node gives by itself: how much a contender needs is part of the answer.
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  const agent = new Agent({ keepAlive: true })
  /** @type {Map<number, (answer: unknown) => void>} */
  const waiting = new Map()
  /** @type {string | undefined} */
  let end
  let said = ''
  let asked = 0
  child.stderr?.on('data', (chunk) => (said += chunk))
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => {
      end = /FATAL ERROR: [^\n]*|\w*Error: [^\n]*/.exec(said)?.[0] ?? `ended with ${signal ?? code}`
      reject(new Error(end))
    })
    child.on('message', (/** @type {{ url?: string, id?: number, answer?: unknown }} */ { url, id = 0, answer }) => {
      waiting.get(id)?.(answer)
      waiting.delete(id)
      if (url === undefined) return
      resolve({
        url,
        scrape: () => bytesOf(url, agent),
        ask: (what, argument) =>
          new Promise((answered) => {
            waiting.set(++asked, answered)
            child.send({ id: asked, what, argument })
          }),
        ended: () => end,
        stop: () => {
          agent.destroy()
          child.kill()
        },
      })
    })
  })
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
