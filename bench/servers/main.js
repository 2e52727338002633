// @ts-check
// The processor time that a contender adds to a request, under load from wrk: 20 connections from another process on another core. A new
// server is started for each figure, contenders in turn. Prints medians and quartiles over the processes.
//
//   npm run bench:servers -- [--node=24] [--only=Express] [--processes=5] [--seconds=2]
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { nodeOf } from '../../scripts/node-of.js'
import { quantile } from '../statistics.js'
import { CONTENDERS } from './contenders.js'

const CONNECTIONS = 20
const WARM_REQUESTS = 10_000
const SERVER_CORE = '0'
const LOAD_CORE = '1'
const program = fileURLToPath(new URL('serve-process.js', import.meta.url))

const options = Object.fromEntries(process.argv.slice(2).map((text) => text.replace(/^--/, '').split('=')))
const processes = Number(options['processes'] ?? 5)
const seconds = Number(options['seconds'] ?? 2)
const node = options['node'] === undefined ? process.execPath : nodeOf(options['node'])
const frameworks = Object.keys(CONTENDERS).filter((name) => options['only'] === undefined || options['only'] === name)

for (const needed of ['wrk', 'taskset']) {
  if (spawnSync(needed, ['--version']).error !== undefined)
    throw new Error(`this bench needs ${needed}: apt-get install ${needed === 'wrk' ? 'wrk' : 'util-linux'}`)
}

/** Requests that were answered. @param {number} port @param {number} durationSeconds @returns {Promise<number>} */
async function load(port, durationSeconds) {
  const args = ['-c', LOAD_CORE, 'wrk', '-t', '1', '-c', String(CONNECTIONS), '-d', `${durationSeconds}s`, `http://127.0.0.1:${port}/hello`]
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk) => (text += String(chunk)))
  await once(child, 'close')
  const requests = /(\d+) requests in/.exec(text)?.[1]
  if (requests === undefined || requests === '0' || /Non-2xx/.test(text)) throw new Error(`wrk has failed:\n${text}`)
  return Number(requests)
}

/** Microseconds of processor time that one new process spends on a request. @param {string} framework @param {string} contender */
async function costOf(framework, contender) {
  const child = spawn('taskset', ['-c', SERVER_CORE, node, program, framework, contender], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const cpu = async () => {
    child.send('cpu')
    const [{ cpu: used }] = /** @type {[{ cpu: NodeJS.CpuUsage }]} */ (await once(child, 'message'))
    return used.user + used.system
  }
  const [{ port }] = /** @type {[{ port: number }]} */ (await once(child, 'message'))
  // A number of requests and not a time, so that the code is optimized on slow machines too.
  for (let warmed = 0; warmed < WARM_REQUESTS; ) warmed += await load(port, seconds)
  const before = await cpu()
  const requests = await load(port, seconds)
  const after = await cpu()
  child.disconnect()
  await once(child, 'exit')
  return (after - before) / requests
}

/** @type {Map<string, number[]>} */
const costs = new Map()
for (let at = 0; at < processes; at++) {
  for (const framework of frameworks) {
    for (const contender of Object.keys(CONTENDERS[framework] ?? {})) {
      const key = `${framework} ${contender}`
      costs.set(key, [...(costs.get(key) ?? []), await costOf(framework, contender)])
    }
  }
}

const version = spawnSync(node, ['--version']).stdout.toString().trim()
console.log(`Node ${version}, wrk with ${CONNECTIONS} connections, ${processes} processes of each in turn, CPU of a request in µs\n`)
for (const framework of frameworks) {
  console.log(`| ${framework} hello-world | a request | quartiles | added | to tallyscope |\n| --- | --- | --- | --- | --- |`)
  const middle = (/** @type {string} */ contender) => quantile(costs.get(`${framework} ${contender}`) ?? [], 0.5)
  const base = middle('nothing')
  for (const contender of Object.keys(CONTENDERS[framework] ?? {})) {
    const all = costs.get(`${framework} ${contender}`) ?? []
    const added = middle(contender) - base
    const ratio = added / (middle('tallyscope') - base)
    const cells = [middle(contender), `${quantile(all, 0.25).toFixed(1)} … ${quantile(all, 0.75).toFixed(1)}`, added, ratio]
    console.log(
      `| ${contender} | ${cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(cell === ratio ? 2 : 1) : cell)).join(' | ')} |`,
    )
  }
  console.log()
}
