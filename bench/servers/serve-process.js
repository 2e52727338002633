// @ts-check
import { CONTENDERS } from './contenders.js'

const [framework = '', contender = ''] = process.argv.slice(2)
const start = CONTENDERS[framework]?.[contender]
if (start === undefined) throw new Error(`no contender is called ${framework} ${contender}`)
const port = await start()
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }))
process.once('disconnect', () => process.exit())
process.send?.({ port })
