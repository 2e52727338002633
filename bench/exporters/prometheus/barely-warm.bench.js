// @ts-check
// The cost of scrapes in an otherwise idle process. Prometheus sends only a few scrapes a minute, so that their code is hardly optimized.
// Each server is a process of its own, scraped as by Prometheus: one connection, its Accept header, gzip if the server supports it
// (prom-client sends plain text). The figure is the CPU time of all threads for one scrape: the mean of 60 scrapes after the first 60.
import { Agent, get } from 'node:http'
import { serve } from './served.js'
import { shownName } from '../../fleets/fleet.js'

const SCRAPES = 60
/** 12 buckets, +Inf, sum and count. */
const LINES_OF_A_DISTRIBUTION = 15
const HEADERS = {
  accept:
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,' +
    'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
  'accept-encoding': 'gzip',
  'user-agent': 'Prometheus/3.5.0',
  'x-prometheus-scrape-timeout-seconds': '10',
}

/**
 * CPU time of one scrape in ms, the mean of 60 after the first 60 of a process.
 * @param {string} contender
 * @param {number} count
 */
async function cpuOfScrape(contender, count) {
  const server = await serve(contender, 'distributions', count)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    await server.ask('touch', 0)
    let before = 0
    for (let at = 0; at < 2 * SCRAPES; at++) {
      if (at === SCRAPES) before = await server.ask('cpu')
      await server.ask('touch', 0.01)
      await scrape(server.url, agent)
    }
    return ((await server.ask('cpu')) - before) / SCRAPES
  } finally {
    agent.destroy()
    server.stop()
  }
}

/**
 * @param {string} url
 * @param {Agent} agent
 * @returns {Promise<void>}
 */
function scrape(url, agent) {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: HEADERS }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered with ${response.statusCode}`))
      response.on('error', reject).on('end', resolve).resume()
    }).on('error', reject)
  })
}

/** @param {import('../../harness.js').Bench} bench */
export async function run(bench) {
  const rounds = { smoke: 1, quick: 3, check: 3, full: 5 }[bench.mode]
  for (const lines of bench.mode === 'smoke' ? [1_400] : [1_400, 7_000, 70_000]) {
    const name = `CPU of a scrape as Prometheus sends it, ${lines.toLocaleString('en-US')} lines`
    if (!bench.wants(name)) continue
    /** @type {{ [contender: string]: number[] }} */
    const figures = {}
    for (let round = 0; round < (lines < 10_000 ? rounds : Math.ceil(rounds / 3)); round++) {
      for (const contender of ['tallyscope', 'prom-client']) {
        const samples = (figures[shownName(contender)] ??= [])
        samples.push(await cpuOfScrape(contender, Math.round(lines / LINES_OF_A_DISTRIBUTION)))
      }
    }
    bench.figures(name, 'ms', figures)
  }
}
