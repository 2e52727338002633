import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sample } from './prometheus.js'
import { freePort, RealDatabase, RunningProgram } from './real-program.js'

/** A real VictoriaMetrics. */
export class VictoriaMetrics extends RealDatabase {
  /** @param target Scraped every second, as a job of that name. */
  static async start(target?: { readonly job: string; readonly url: string }): Promise<VictoriaMetrics> {
    const folder = mkdtempSync(join(tmpdir(), 'tallyscope-victoria-'))
    const address = `127.0.0.1:${await freePort()}`
    const flags = [`-storageDataPath=${join(folder, 'data')}`, `-httpListenAddr=${address}`, '-search.latencyOffset=0s']
    if (target !== undefined) {
      const job = { job_name: target.job, static_configs: [{ targets: [new URL(target.url).host] }] }
      writeFileSync(join(folder, 'scrape.yml'), JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] }))
      flags.push(`-promscrape.config=${join(folder, 'scrape.yml')}`)
    }
    const program = new RunningProgram('victoria-metrics', flags)
    const url = `http://${address}`
    await program.until('ready', async () => ((await fetch(`${url}/health`).catch(() => undefined))?.ok ? true : undefined))
    return new VictoriaMetrics(url, program, folder)
  }

  /** An instant query, now or at a time in seconds. */
  async query(expression: string, timeS?: number): Promise<Sample[]> {
    const time = timeS === undefined ? {} : { time: String(timeS) }
    const response = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query: expression, nocache: '1', ...time })}`)
    const { data } = (await response.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
  }

  /** Waits until `isSo` is true. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    await this.program.until(what, async () => ((await isSo()) ? true : undefined))
  }
}
