import { type ChildProcess, spawn } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Compiles the library where it has changed, so that child processes can import it by its name. */
export function build(): void {
  execFileSync(process.execPath, ['scripts/build.js'], { cwd: root, stdio: 'pipe' })
}

/** A program of `programs/`, running in a process of its own. */
export class ChildProgram {
  readonly process: ChildProcess
  stdout = ''
  stderr = ''
  readonly ended: Promise<{ status: number | null; signal: string | null }>

  constructor(name: string, settings: object = {}, wrap: string[] = []) {
    const [command, ...parameters] = [...wrap, process.execPath, join(import.meta.dirname, 'programs', name), JSON.stringify(settings)]
    this.process = spawn(command!, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.process.stdout!.on('data', (chunk) => {
      this.stdout += chunk
    })
    this.process.stderr!.on('data', (chunk) => {
      this.stderr += chunk
    })
    this.ended = new Promise((resolve) => {
      this.process.once('close', (status, signal) => resolve({ status, signal }))
    })
  }

  /** Resolves when the program has written `text`, rejects when it ends before. */
  async says(text: string): Promise<void> {
    let isOver = false
    void this.ended.then(() => {
      isOver = true
    })
    while (!this.stdout.includes(text)) {
      if (isOver) throw new Error(`ended without ${text}: ${this.stdout}${this.stderr}`)
      await new Promise((resolve) => void setTimeout(resolve, 2))
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }
}
