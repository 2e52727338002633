// @ts-check
import { setImmediate } from 'node:timers/promises'
import { listen } from './contenders.js'

/** V8 lets go of what it knows of shapes that nobody uses only after several. */
const COLLECTIONS = 4

/**
 * Full collections between two turns of the event loop, such as any server meets in its first minutes. They come at another
 * moment in each process, and leave `process.nextTick` of Node 20 several times dearer for good, with a plugin or without:
 * the shape of its objects is collected, and the compiler then takes them to be of many shapes.
 */
async function collect() {
  for (let at = 0; at < COLLECTIONS; at++) {
    globalThis.gc?.()
    await setImmediate()
  }
}

const port = await listen(process.argv[2] ?? 'nothing')
process.on('message', async (message) => {
  if (message === 'collect') await collect()
  process.send?.({ cpu: process.cpuUsage() })
})
process.once('disconnect', () => process.exit())
process.send?.({ port })
