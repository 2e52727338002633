// @ts-check
import { fork } from 'node:child_process'

/**
 * A program of the bench in a process of its own, which takes commands.
 * @typedef {object} Forked
 * @property {string} url What it has sent as such, when it was ready.
 * @property {(what: string, argument?: unknown) => Promise<any>} ask
 * @property {() => string | undefined} ended Why the process is gone, if it is.
 * @property {() => void} stop
 */

/**
 * Starts a program that answers commands by `answerParent` of process-meter.js, and waits until it is ready.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<Forked>}
 */
export function startForked(program, args) {
  const child = fork(program, args, {
    // The heap that Node gives by itself: how much a contender needs is part of the answer.
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  /** @type {Map<number, { resolve: (answer: unknown) => void, reject: (error: Error) => void }>} */
  const waiting = new Map()
  /** @type {string | undefined} */
  let end
  let said = ''
  let asked = 0
  child.stderr?.on('data', (chunk) => (said += chunk))
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => {
      end = /FATAL ERROR: [^\n]*|\w*Error: [^\n]*/.exec(said)?.[0] ?? `ended with ${signal ?? code}`
      const error = new Error(end)
      reject(error)
      for (const { reject: fail } of waiting.values()) fail(error)
    })
    child.on('message', (/** @type {{ url?: string, id?: number, answer?: unknown }} */ { url, id = 0, answer }) => {
      waiting.get(id)?.resolve(answer)
      waiting.delete(id)
      if (url === undefined) return
      resolve({
        url,
        ask: (what, argument) =>
          new Promise((answered, failed) => {
            if (end !== undefined) return failed(new Error(end))
            waiting.set(++asked, { resolve: answered, reject: failed })
            child.send({ id: asked, what, argument })
          }),
        ended: () => end,
        stop: () => {
          waiting.clear()
          child.kill()
        },
      })
    })
  })
}
