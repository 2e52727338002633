import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { describe, test } from 'vitest'

/**
 * `describe` for tests that talk to installed programs. Where one is missing they are skipped, and a test says so;
 * in CI, which installs them, a missing one is a failure.
 */
export function describeWith(programs: string[], name: string, body: () => void): void {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  const isMissing = missing.length > 0
  const title = isMissing ? `${missing.join(' and ')} not installed: ${name}` : name
  if (isMissing && process.env.CI) {
    test(title, () => {
      throw new Error(`${title}; .ci/run installs it`)
    })
    return
  }
  if (isMissing) console.warn(`skipped, ${title}`)
  describe.skipIf(isMissing)(title, body)
}

/** A program that runs beside the test. */
export class RunningProgram {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #exit: Promise<number | string>
  output = ''

  constructor(command: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    const env = { ...process.env, ...options.env }
    this.#child = spawn(command, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const keep = (chunk: Buffer) => {
      this.output += chunk.toString()
    }
    this.#child.stdout.on('data', keep)
    this.#child.stderr.on('data', keep)
    this.#exit = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message))
      this.#child.once('close', (code, signal) => resolve(code ?? signal ?? 'no code'))
    })
  }

  /** Waits until `look` gives something; fails with the program's output when it ends before or takes too long. */
  async until<T>(what: string, look: () => T | undefined | Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
    let ended: number | string | undefined
    void this.#exit.then((code) => {
      ended = code
    })
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const found = await look()
      if (found !== undefined) return found
      if (ended !== undefined) throw new Error(`ended with ${ended} before: ${what}\n${this.output}`)
      if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}\n${this.output}`)
      await pause(100)
    }
  }

  /** Sends the signal, kills what does not end within 10 seconds, and gives the exit code (or the signal that ended it). */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    this.#child.kill(signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    const code = await this.#exit
    clearTimeout(timer)
    return code
  }
}

/** A database of samples: its address, its process, and the folder of its files. */
export abstract class RealDatabase {
  readonly url: string
  protected readonly program: RunningProgram
  readonly #folder: string

  protected constructor(url: string, program: RunningProgram, folder: string) {
    this.url = url
    this.program = program
    this.#folder = folder
  }

  async stop(): Promise<void> {
    await this.program.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A port of the loopback interface that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
