import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { build } from '../exporters/child-program.js'
import { Prometheus } from './prometheus.js'
import { describeWith, RunningProgram } from './real-program.js'

const PAGES = ['from-fastify-metrics.md', 'from-express-prom-bundle.md']

/** The rows of the table of a page that has queries before and after. */
function queriesOf(page: string): { what: string; before: string; after: string }[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8')
  const lines = text.split('\n')
  const head = lines.findIndex((line) => line.includes('| PromQL before |'))
  const rows = lines.slice(
    head + 2,
    lines.findIndex((line, at) => at > head && !line.startsWith('|')),
  )
  return rows.map((row) => {
    const [, what = '', before = '', after = ''] = row.split(/(?<!\\)\|/).map((cell) => cell.trim())
    return { what, before: before.replaceAll('`', ''), after: after.replaceAll('`', '') }
  })
}

describeWith(['prometheus'], 'the queries of the migration guides, from a real Prometheus', () => {
  let program: RunningProgram
  let prometheus: Prometheus
  let hosts: string[] = []

  beforeAll(async () => {
    await build()
    const path = join(import.meta.dirname, 'programs/migration-app.mjs')
    program = new RunningProgram(process.execPath, [path], { cwd: join(import.meta.dirname, '../..') })
    const urls = await program.until('its URLs', () => /^(http:\S+) (http:\S+)$/m.exec(program.output)?.slice(1))
    hosts = urls.map((url) => new URL(url).host)
    prometheus = await Prometheus.start(urls.map((url) => new URL(url)))
    await prometheus.until('count(sum_over_time(up[1m]) >= 4) == 2')
  }, 240_000)

  afterAll(async () => {
    await prometheus?.stop()
    await program?.stop('SIGKILL')
  })

  test.each(PAGES.flatMap((page, at) => queriesOf(page).map((row) => ({ page, at, ...row }))))(
    '$page: $what has data before and after, for as many series',
    async ({ before, after, at }) => {
      const scoped = (query: string) =>
        query.replace(/(http_\w+)(\{)?/g, (_, name: string, brace: string | undefined) =>
          brace === undefined ? `${name}{instance="${hosts[at]}"}` : `${name}{instance="${hosts[at]}",`,
        )
      const [old, ours] = [await prometheus.query(scoped(before)), await prometheus.query(scoped(after))]
      expect(old.length).toBeGreaterThan(0)
      expect(ours.length).toBe(old.length)
      const total = (samples: typeof old) => samples.reduce((sum, { value }) => sum + value, 0)
      // Quantiles differ with the buckets, rates only by requests between the reading of two families.
      if (!before.includes('quantile')) expect(total(ours) / total(old)).toBeCloseTo(1, 1)
    },
  )
})
