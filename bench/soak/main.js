// @ts-check
// npm run soak -- [minutes] A service under steady load with all features: its memory must not grow. The service runs in a process of its
// own (service-process.js). This process scrapes it, receives its pushes, checks and prints the figures.
import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { machine } from '../machine.js'
import { figure } from '../print.js'
import { BOUNDS, checks } from './checks.js'

const FORMATS = [
  'text/plain;version=0.0.4',
  'application/openmetrics-text;version=1.0.0',
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
]

const minutes = Number(process.argv[2] ?? 5)
if (!(minutes > 1)) {
  console.error('npm run soak -- [minutes]: more than 1, since the first is for warming up')
  process.exit(1)
}

/** What is seen from outside. */
const outside = { scrapes: 0, failedScrapes: 0, scrapedBytes: 0, pushes: 0, pushedBytes: 0 }

const gateway = createServer((request, response) => {
  request.on('data', (chunk) => (outside.pushedBytes += chunk.length))
  request.on('end', () => {
    outside.pushes++
    response.writeHead(202).end()
  })
})
await new Promise((resolve) => gateway.listen(0, '127.0.0.1', () => resolve(undefined)))
const { port } = /** @type {import('node:net').AddressInfo} */ (gateway.address())

/** @param {string} url @param {number} turn */
async function scrape(url, turn) {
  try {
    const accept = FORMATS[turn % FORMATS.length] ?? ''
    const headers = { accept, 'accept-encoding': turn % 2 === 0 ? 'gzip' : 'identity' }
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })
    const body = Buffer.from(await response.arrayBuffer())
    const whole = turn % FORMATS.length !== 1 || body.subarray(-6).toString() === '# EOF\n'
    outside.scrapes++
    outside.scrapedBytes += body.length
    if (response.status !== 200 || !whole) outside.failedScrapes++
  } catch {
    outside.failedScrapes++
  }
}

const { cpu, cores, system, node } = machine()
console.log(`${cpu}, ${cores} cores, ${system}, Node ${node}: ${minutes} minutes, the first of them for warming up`)
const service = fork(fileURLToPath(new URL('service-process.js', import.meta.url)), [String(minutes), `http://127.0.0.1:${port}`], {
  execArgv: ['--expose-gc'],
  env: { ...process.env, NODE_OPTIONS: '' },
})
/** @type {import('./checks.js').Seen | undefined} */
let seen
/** @type {NodeJS.Timeout | undefined} */
let scraping
service.on('message', (/** @type {any} */ message) => {
  if (message.url !== undefined) {
    let turn = 0
    scraping = setInterval(() => void scrape(message.url, turn++), 1_000)
  }
  if (message.quiet === true) {
    clearInterval(scraping)
    setTimeout(() => service.send('end'), 1_000) // the last scrape is answered first
  }
  if (message.progress !== undefined) console.log(message.progress)
  if (message.seen !== undefined) seen = message.seen
})
const code = await new Promise((resolve) => service.once('exit', (status, signal) => resolve(signal ?? status)))
clearInterval(scraping)
gateway.close()
gateway.closeAllConnections()

if (seen === undefined || code !== 0) {
  console.error(`the service ended with ${code}`)
  process.exit(1)
}
const rows = checks({ ...seen, ...outside }, minutes, process.env.CI ? BOUNDS.shared : BOUNDS.own)
const table = [
  ['', 'seen', 'bound', ''],
  ...rows.map(({ what, seen: value, unit, atMost, atLeast, held }) => [
    what,
    `${figure(value)} ${unit}`.trim(),
    atMost !== undefined ? `≤ ${figure(atMost)}` : atLeast !== undefined ? `≥ ${figure(atLeast)}` : '',
    held === undefined ? '' : held ? 'held' : 'BROKEN',
  ]),
]
const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
console.log()
for (const cells of table)
  console.log(
    cells
      .map((text, column) => text[column === 0 ? 'padEnd' : 'padStart'](widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
const broken = rows.filter(({ held }) => held === false)
console.log(`\n${broken.length === 0 ? 'every bound is held' : `broken: ${broken.map(({ what }) => what).join(', ')}`}`)
process.exitCode = broken.length === 0 ? 0 : 1
