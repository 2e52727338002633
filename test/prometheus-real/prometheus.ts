import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, RealDatabase, RunningProgram } from './real-program.js'

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Samples without the labels that name who sent them, in an order that does not depend on the receiver. */
export function withoutTarget(samples: readonly Sample[]): string[] {
  const own = (labels: Sample['labels']) => Object.entries(labels).filter(([name]) => name !== 'job' && name !== 'instance')
  return samples.map(({ labels, value }) => JSON.stringify([own(labels).sort(), value])).sort()
}

/** A real Prometheus that scrapes one address, or several with the same path, every second or at another interval. */
export class Prometheus extends RealDatabase {
  static async start(target: URL | URL[], flags: string[] = [], interval = '1s'): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'tallyscope-prometheus-'))
    const targets = [target].flat()
    const job = { job_name: 'shop', metrics_path: targets[0]!.pathname, static_configs: [{ targets: targets.map(({ host }) => host) }] }
    // JSON is YAML too.
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ global: { scrape_interval: interval }, scrape_configs: [job] }))
    const address = `127.0.0.1:${await freePort()}`
    const program = new RunningProgram('prometheus', [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      ...flags,
    ])
    const url = `http://${address}`
    await program.until('Prometheus is ready', async () => {
      const response = await fetch(`${url}/-/ready`).catch(() => undefined)
      await response?.arrayBuffer()
      return response?.ok ? true : undefined
    })
    return new Prometheus(url, program, folder)
  }

  async api<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const answer = (await response.json()) as { status: string; error?: string; data: T }
    if (answer.status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${answer.error}`)
    return answer.data
  }

  /** An instant query. */
  async query(expression: string): Promise<Sample[]> {
    const data = await this.api<{ result: { metric: Record<string, string>; value: [number, string] }[] }>('query', { query: expression })
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
  }

  /** The one value of an expression that has one. */
  async value(expression: string): Promise<number> {
    const samples = await this.query(expression)
    if (samples.length !== 1) throw new Error(`${expression} gives ${samples.length} samples`)
    return samples[0]!.value
  }

  async until(expression: string): Promise<void> {
    await this.program.until(expression, async () => ((await this.query(expression)).length > 0 ? true : undefined), 60_000)
  }
}
