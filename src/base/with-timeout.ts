import type { Clock } from './clock.js'
import { startTimer } from './timer.js'

/** How work ended that may throw, reject or never end. */
export type Outcome = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: unknown } | { readonly kind: 'late' }

export interface Attempt {
  /** Never rejects; `late` after the time-out, and what the work does after that is not told here. */
  readonly outcome: Promise<Outcome>
  /** Resolves when the work itself has ended, however late. */
  readonly settled: Promise<void>
}

export interface AttemptOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly keepAlive?: boolean
}

/** Starts `work` at once and waits for it at most `timeoutMs`. No rejection is left unhandled. */
export function attempt(work: () => unknown, { clock, timeoutMs, keepAlive = false }: AttemptOptions): Attempt {
  const ended = run(work)
  const outcome = new Promise<Outcome>((resolve) => {
    const stop = startTimer(clock, timeoutMs, () => resolve({ kind: 'late' }), { keepAlive })
    void ended.then((end) => {
      stop()
      resolve(end)
    })
  })
  return { outcome, settled: ended.then(() => undefined) }
}

async function run(work: () => unknown): Promise<Outcome> {
  try {
    await work()
    return { kind: 'done' }
  } catch (error) {
    return { kind: 'failed', error }
  }
}
