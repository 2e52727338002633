// @ts-check
// Writes the pages docs/performance.md and bench/notes/results.md from the results of a run on Node 20 and one on Node 24.
import { figure, quotient, verdictTexts } from './print.js'
import { line } from './statistics.js'
import { TOLERANCE } from './thresholds.js'

/**
 * @typedef {import('./harness.js').Comparison} Comparison
 * @typedef {import('./check.js').Verdict} Verdict
 * @typedef {object} Results
 * @property {string} cpu
 * @property {number} cores
 * @property {number} memoryGiB
 * @property {string} system
 * @property {string} node
 * @property {string} mode
 * @property {string} command
 * @property {string} date
 * @property {{ [name: string]: string }} versions
 * @property {readonly Comparison[]} comparisons
 * @property {readonly Verdict[]} verdicts
 */

/** The sections in their order, each with its suites. */
const SECTIONS = [
  {
    title: 'Recording',
    suites: ['record', 'views', 'tags'],
    text: `One call; in parentheses the bytes that it allocates. \`caller's object\` makes the labels and records nothing. \`floor\` is the least
that could hold the same data: a slot of a typed array, a map per label, without names, checks or text. For prom-client, views are
separate metrics that are updated by hand.`,
  },
  { title: 'Instruments and percentiles', suites: ['instruments', 'percentiles'], text: 'One call, bytes in parentheses.' },
  {
    title: 'Scrapes in process',
    suites: ['scrape'],
    text: 'From series to the finished document. The changed series are spread over all of them, other ones each time.',
  },
  {
    title: 'Scrapes over HTTP',
    suites: ['http', 'barely warm', 'first scrape'],
    text: `Each server in a process of its own, over the loopback. The longest hold of the event loop is how long the longest turn of
the server's event loop took during a scrape, without what the system gave to other processes in between, the
worst of several; in parentheses how much of such a turn the main thread ran. Extra memory is the peak of resident memory during a scrape, above what was
resident before; the greatest of several scrapes, the first among them. \`floor\` is a finished document handed to node:http.`,
  },
  {
    title: 'Pushing',
    suites: ['push'],
    text: `Each contender in a process of its own, the receiver in another. An export ends when the receiver has confirmed all of it; processor time
is that of the whole process. Between two exports 1 % of the series change. \`protobuf scrape\` is a scrape of the same rows. A line of StatsD is
the growth of a series for ours, an increment for hot-shots.`,
  },
  {
    title: 'One page of many processes',
    suites: ['cluster'],
    text: `A primary of node:cluster and its workers, all with the same series; in 1 % of them (10 % of distributions) something is recorded between
two scrapes. CPU is that of primary and workers together. The first scrape begins when all workers have joined, or a second later, and ends with their rows,
or without those that have not come within a second. A worker's hold is what its main thread ran in one turn.`,
  },
  {
    title: 'Memory',
    suites: ['memory'],
    text: 'Heap and what is outside of it, after collections, above the same process without the series.',
  },
  {
    title: 'Spans and propagation',
    suites: ['trace', 'propagation'],
    text: 'Where "latency recorded" is said, ours records each span\'s latency as a measure with 3 tags; the peers record nothing.',
  },
  {
    title: 'A web server',
    suites: ['fastify'],
    text: `Processor time of the server for a request of Fastify's hello-world, with the plugin minus without: medians of the differences round by
round, over several processes of each, as if the machine were equally fast in all rounds. fastify-metrics measures the duration twice and makes no spans; OpenTelemetry is its HTTP
instrumentation and the plugin for Fastify; ours measures duration and bytes, and makes spans where that is said. \`AsyncLocalStorage.run alone\`
is a hook that does nothing but that: what any context over \`await\` costs on this version of Node. Ours can cost less than nothing: full
collections, which all servers here have been through, make \`process.nextTick\` of Node 20 several times as expensive for good, and the plugin
keeps what prevents it (src/http/tick-shape-guard.ts). \`nextTick kept quick, no plugin\` is the bare server with nothing but that;
what ours takes above it is the work of the plugin itself.`,
  },
  {
    title: 'Importing',
    suites: ['import'],
    text: "Each sample a process of its own. Code is what is loaded of files, in characters, Node's own modules left out.",
  },
  { title: 'Watching the process', suites: ['runtime'], text: 'An otherwise idle process.' },
  {
    title: "The engine's parts",
    suites: ['row index', 'bucket search', 'cells'],
    text: 'Beside other ways to do the same.',
  },
]

/** The order of contenders. Others follow in the order in which they appear. */
const ORDER = [
  'tallyscope',
  'prom-client',
  'fastify-metrics',
  'OpenTelemetry',
  'OpenCensus',
  'jaeger-client',
  'hdr-histogram-js',
  'hot-shots',
]

const METHOD = `Figures of different machines do not compare; ratios nearly do. Each is a median of one run, ours ÷ theirs: \`1/40\` means that ours takes a
fortieth of the time. Contenders take turns in one process, one short sample each, timed by Benchmark.js; each has a loop of its own over values
that were made before. Before anything is timed, the process has recorded in all the ways there are. The method is described in
\`bench/harness.js\`.`

/**
 * One page: what is promised, and what was measured.
 * @param {readonly Results[]} runs one for each version of Node
 */
export function performancePage(runs) {
  const parts = [
    '# Performance',
    'This page is written by `npm run bench:docs`.',
    METHOD,
    `All tables are in [bench/notes/results.md](../bench/notes/results.md); where the time goes is in [bench/notes/profile.md](../bench/notes/profile.md).`,
    ...runs.flatMap((results) => [`## Node ${results.node.replace('v', '')}`, facts(results), promises(results.verdicts)]),
  ]
  return `${parts.join('\n\n')}\n`
}

/**
 * All tables.
 * @param {readonly Results[]} runs
 */
export function resultsPage(runs) {
  const parts = ['# All results of a run', METHOD]
  for (const results of runs) {
    const { comparisons } = results
    parts.push(`## Node ${results.node.replace('v', '')}`, facts(results))
    for (const { title, suites, text } of SECTIONS) {
      const shown = comparisons.filter(({ suite }) => suites.includes(suite))
      if (shown.length > 0) parts.push(`### ${title}`, text, ...tablesByContenders(shown))
    }
    parts.push(...growth(comparisons.filter(({ suite }) => suite === 'growth')))
  }
  return `${parts.join('\n\n')}\n`
}

/** @param {Results} results */
function facts({ cpu, cores, memoryGiB, system, node, mode, command, date, versions }) {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `- Run: \`${command}\` (${mode} mode), ${date.slice(0, 10)}
- Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}
- Versions: ${named.join(', ')}`
}

/** @param {readonly Verdict[]} verdicts */
function promises(verdicts) {
  const rows = verdicts.map((verdict) => {
    const { against, aim, atMost, measured } = verdictTexts(verdict)
    const outcome = verdict.aim === undefined ? verdict.outcome : `${verdict.outcome}; aim ${verdict.aim}`
    return [verdict.threshold.comparison, against, aim, atMost, measured, outcome]
  })
  const text = `\`npm run bench:check\` fails if a figure is greater than its promise by more than ${TOLERANCE * 100} %. An aim is a lower figure that was
wanted and not reached: [bench/notes/profile.md](../bench/notes/profile.md) says why.`
  return `${text}\n\n${table(['case', 'against', 'aim', 'promise: at most', 'measured', ''], rows)}`
}

/**
 * One table for all comparisons in a row that have some peer in common, so that columns are not mostly empty.
 * @param {readonly Comparison[]} comparisons
 */
function tablesByContenders(comparisons) {
  /** @type {Comparison[][]} */
  const groups = []
  for (const comparison of comparisons) {
    const group = groups.at(-1)
    const before = group?.[0]
    if (group !== undefined && before?.suite === comparison.suite && before.ours === comparison.ours) group.push(comparison)
    else groups.push([comparison])
  }
  return groups.map(contenderTable)
}

/**
 * Ours and the peers have a column each; a floor and the like, where there are peers, stand together in one.
 * @param {readonly Comparison[]} comparisons
 */
function contenderTable(comparisons) {
  const all = [...new Set(comparisons.flatMap(({ contenders }) => Object.keys(contenders)))]
  const peers = ORDER.slice(1).filter((name) => all.includes(name))
  if (peers.length === 0)
    return table(
      ['case', ...all],
      comparisons.map((each) => [each.name, ...all.map((name) => cell(each, name))]),
    )
  const columns = ORDER.filter((name) => all.includes(name))
  const others = all.filter((name) => !columns.includes(name))
  const rows = comparisons.map((each) => [
    each.name,
    ...columns.map((name) => cell(each, name)),
    peers.map((name) => quotient(each.ratios[name]?.median ?? Number.NaN)).join(' · '),
    others
      .filter((name) => each.contenders[name] !== undefined)
      .map((name) => `${name} ${cell(each, name)}`)
      .join('; '),
  ])
  return table(
    ['case', ...columns, `ours ÷ ${peers.join(' · ')}`, others.length > 0 ? 'beside' : ''],
    rows,
    others.length > 0 ? undefined : -1,
  )
}

/**
 * @param {Comparison} comparison
 * @param {string} contender
 */
function cell({ contenders, unit }, contender) {
  const result = contenders[contender]
  if (result === undefined) return ''
  const { median, bytes, note } = result
  const parts = Number.isFinite(median ?? Number.NaN) ? [`${figure(median)} ${unit}`] : []
  if (bytes !== undefined) parts.push(`(${figure(bytes)} B)`)
  if (note !== undefined) parts.push(note)
  return parts.join(' ')
}

/** @param {readonly Comparison[]} comparisons */
function growth(comparisons) {
  if (comparisons.length === 0) return []
  const isRecord = (/** @type {Comparison} */ { unit }) => unit === 'ns'
  const byShare = (/** @type {Comparison} */ { name }) => name.startsWith('scrape of')
  const scrapes = comparisons.filter((each) => !isRecord(each))
  const groups = [comparisons.filter(isRecord), scrapes.filter((each) => !byShare(each)), scrapes.filter(byShare)]
  const tables = groups.filter((group) => group.length > 0).map(contenderTable)
  const fits = scrapes.map(fit).filter((line) => line !== '')
  const text = `A record's time does not grow with the rows of a view but for what the processor's caches do not hold any more. A scrape's time is a
small part for each row there is, whose text is copied, and a larger one for each row that changed, whose text is written anew.`
  return ['### How cost grows', text, ...tables, ...(fits.length > 0 ? [fits.join('\n')] : [])]
}

/** @param {Comparison} comparison */
function fit({ name, contenders }) {
  const points = Object.entries(contenders).map(
    ([size, { median }]) => /** @type {const} */ ([Number.parseFloat(size.replaceAll(',', '')), median]),
  )
  if (points.length < 3) return ''
  if (name.startsWith('scrape by')) return `- ${name}: about ${figure(line(points).slope * 1e6)} ns a row`
  const rows = Number(/[\d,]+/.exec(name)?.[0].replaceAll(',', ''))
  if (name.startsWith('scrape of'))
    return `- ${name}: about ${figure((line(points).slope * 100 * 1e6) / rows)} ns a changed row, beside ${figure((line(points).start * 1e6) / rows)} ns for each there is`
  return ''
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @param {number} [end] Columns from here on are left out.
 */
function table(head, rows, end) {
  const row = (/** @type {readonly string[]} */ cells) =>
    `| ${cells
      .slice(0, end)
      .map((text) => text.replaceAll('|', '\\|'))
      .join(' | ')} |`
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}
