// @ts-check
import { setImmediate } from 'node:timers/promises'
import { listen } from './contenders.js'

/** The number of full collections after which V8 drops unused shapes. */
const COLLECTIONS = 4

/**
 * Runs full garbage collections between two turns of the event loop. In every server they occur in the first minutes, at a random moment.
 * They make `process.nextTick` of Node 20 several times slower permanently, with or without a plugin: V8 collects the shape of its objects,
 * and then treats the call site as megamorphic.
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
