// @ts-check
import { listen } from './contenders.js'

const port = await listen(process.argv[2] ?? 'nothing')
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }))
process.once('disconnect', () => process.exit())
process.send?.({ port })
