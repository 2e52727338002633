import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

const root = resolve(import.meta.dirname, '../..')

/** Compiles the library where it has changed, so that programs can import it by its name. */
export function build(): void {
  execFileSync(process.execPath, ['scripts/build.js'], { cwd: root, stdio: 'pipe' })
}

export type Fact = Record<string, unknown>

/** A program of `programs/`, or one with a whole path, in a process of its own. It prints facts, one a line of JSON, and takes commands in the same way. */
export class GroupProgram {
  readonly process: ChildProcess
  readonly facts: Fact[] = []
  stderr = ''
  readonly ended: Promise<void>
  #isOver = false

  /** @param node The program of another version of Node. */
  constructor(name: string, settings: object = {}, env: NodeJS.ProcessEnv = {}, node: string = process.execPath) {
    this.process = spawn(node, [resolve(import.meta.dirname, 'programs', name), JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    createInterface({ input: this.process.stdout! }).on('line', (line) => this.facts.push(JSON.parse(line) as Fact))
    this.process.stderr!.on('data', (chunk) => {
      this.stderr += chunk
    })
    this.ended = new Promise((resolve) => {
      this.process.once('close', () => {
        this.#isOver = true
        resolve()
      })
    })
  }

  /** Waits for a fact that fits. */
  async fact(fits: (fact: Fact) => boolean, from = 0): Promise<Fact> {
    for (;;) {
      const found = this.facts.slice(from).find(fits)
      if (found !== undefined) return found
      if (this.#isOver) throw new Error(`ended without it: ${JSON.stringify(this.facts)} ${this.stderr}`)
      await new Promise((resolve) => void setTimeout(resolve, 2))
    }
  }

  command(command: object): void {
    this.process.stdin!.write(`${JSON.stringify(command)}\n`)
  }

  /** Sends a command and waits for the fact that comes of it. */
  ask(command: object, fits: (fact: Fact) => boolean): Promise<Fact> {
    const from = this.facts.length
    this.command(command)
    return this.fact(fits, from)
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended
  }
}

/** As Prometheus waits. A connection that is handed to a worker at the moment of its end may never be answered. */
const SCRAPE_TIMEOUT_MS = 10_000

/** The values of a page by the whole name of their series; an empty page stands for a scrape that failed. */
export async function scrape(url: string): Promise<Map<string, number>> {
  const signal = AbortSignal.timeout(SCRAPE_TIMEOUT_MS)
  const response = await fetch(url, { headers: { connection: 'close' }, signal })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status} ${text}`)
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

/** A port that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  await new Promise<void>((resolve) => void server.close(() => resolve()))
  return port
}
