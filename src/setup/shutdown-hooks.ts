import { checkOptions, type OptionNames } from '../base/check-options.js'
import { constants } from 'node:os'
import { inspectValue } from '../base/inspect-value.js'
import { timerClock } from '../base/clock.js'
import { checkNumber } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import { errorText } from '../base/rate-limited-log.js'
import { processEnd, warnOnce } from '../base/logger.js'
import { componentName } from '../base/inspect-value.js'
import { processGlobal } from '../base/process-global.js'
import { inNextTurn, MAX_TIMER_MS } from '../base/timer.js'
import { settle, TIMED_OUT, withTimeout } from '../base/with-timeout.js'
import { formatUncaughtError } from './format-uncaught-error.js'

/** Whatever has something to bring out before the process ends: a transport, a periodic task, a whole Tallyscope. */
export interface ShutdownTarget {
  /** Brings out what there is, and goes on working. */
  flush?(timeoutMs?: number): unknown
  /** Brings out what there is, for the last time. */
  shutdown?(): unknown
  /** The same, if there is no `shutdown`. */
  close?(): unknown
  /** Brings out what it can without waiting, when `process.exit()` was called. */
  flushSync?(): unknown
}

export interface ShutdownHookOptions {
  /** Signals that end the process. Default SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[]
  /** Time limit for all targets together, in milliseconds, from 0. Default 5 000. */
  readonly gracePeriodMs?: number
  /**
   * True to end by the signal itself, as a process without hooks does, so that its parent sees no difference. Listeners of `exit` are not
   * called then. Default false: `process.exit(128 + n)`.
   */
  readonly raiseSignal?: boolean
}

const OPTIONS: OptionNames<ShutdownHookOptions> = { signals: true, gracePeriodMs: true, raiseSignal: true }

/** A target with the same grace period must have the time to log what it has lost. */
const LAST_WORDS_MS = 100
/** What is kept of the grace period for each target that comes later, at most. */
const MAX_RESERVE_MS = 1_000
/** When a process that a signal does not end, such as number 1 of a container, exits by itself. */
const SIGNAL_MS = 100

interface Install extends Required<ShutdownHookOptions> {
  readonly targets: readonly ShutdownTarget[]
  /** Flushed because nothing was left to do; once, or it would go on for ever. */
  isFlushed: boolean
}

interface HookState {
  readonly installs: Set<Install>
  /** One listener for each event and process, however many hooks there are. */
  readonly listeners: Map<string, (...args: never[]) => void>
  isEnding: boolean
}

const state = processGlobal('shutdown-hooks', (): HookState => ({ installs: new Set(), listeners: new Map(), isEnding: false }))

/**
 * Sees to it that what was recorded gets out when the process ends: on SIGTERM and SIGINT, after an uncaught error, when
 * nothing is left to do, and, as far as that goes without waiting, on `process.exit()`. Nothing does so by default.
 *
 * The exit status stays what it would have been: 143, 130, 1 with the error printed, or the application's own. A second
 * signal ends the process at once, a target that hangs does not outlast the grace period. If the application listens
 * to a signal or to uncaught errors itself, ending is left to it, and targets are only flushed.
 *
 * Targets are ended one after the other, in the order given: put servers before what exports.
 *
 * @returns a function that takes the hooks away again.
 * @throws {@link DefinitionError} `ERR_SHUTDOWN_TARGET` for a target without any of its methods; `ERR_SHUTDOWN_OPTION`.
 * @example
 * const uninstall = installShutdownHooks([server, task, tracer.transport])
 */
export function installShutdownHooks(targets: ShutdownTarget | readonly ShutdownTarget[], options: ShutdownHookOptions = {}): () => void {
  checkOptions('installShutdownHooks', options, OPTIONS)
  const { signals = ['SIGTERM', 'SIGINT'], gracePeriodMs = 5_000, raiseSignal = false } = options
  const list = Array.isArray(targets) ? [...(targets as readonly ShutdownTarget[])] : [targets as ShutdownTarget]
  list.forEach(checkTarget)
  checkNumber('ERR_SHUTDOWN_OPTION', 'gracePeriodMs', gracePeriodMs, { min: 0, max: MAX_TIMER_MS - LAST_WORDS_MS })
  const unknown = signals.find((signal) => !(signal in constants.signals))
  if (unknown !== undefined)
    throw new DefinitionError('ERR_SHUTDOWN_OPTION', `signals must be names of signals: one is ${inspectValue(unknown)}`)
  const install: Install = { targets: list, signals, gracePeriodMs, raiseSignal, isFlushed: false }
  state.installs.add(install)
  for (const signal of signals) listen(signal, () => onSignal(signal))
  listen('uncaughtException', onUncaught)
  listen('beforeExit', onBeforeExit)
  listen('exit', onExit)
  return () => {
    if (!state.installs.delete(install)) return
    const wanted = new Set<string>([...state.installs].flatMap((other) => other.signals))
    for (const event of state.listeners.keys()) {
      const isSignal = event.startsWith('SIG')
      if (isSignal ? !wanted.has(event) : state.installs.size === 0) unlisten(event)
    }
  }
}

function checkTarget(target: ShutdownTarget, index: number): void {
  const methods = ['shutdown', 'close', 'flush', 'flushSync'] as const
  if (methods.some((method) => typeof target?.[method] === 'function')) return
  throw new DefinitionError('ERR_SHUTDOWN_TARGET', `a target must have shutdown(), close() or flush(): the one at index ${index} has none`)
}

function listen(event: string, listener: (...args: never[]) => void): void {
  if (state.listeners.has(event)) return
  state.listeners.set(event, listener)
  process.on(event, listener as () => void)
}

function unlisten(event: string): void {
  process.off(event, state.listeners.get(event) as () => void)
  state.listeners.delete(event)
}

function onSignal(signal: NodeJS.Signals): void {
  const isOnlyListener = process.listenerCount(signal) === 1
  if (!isOnlyListener) void flushAll(state.installs)
  else if (state.isEnding) endBy(signal)
  else endWith(() => endBy(signal))
}

function endBy(signal: NodeJS.Signals): void {
  const status = 128 + constants.signals[signal]
  if (![...state.installs].every(({ raiseSignal }) => raiseSignal)) process.exit(status)
  onExit()
  unlisten(signal)
  process.kill(process.pid, signal)
  setTimeout(() => process.exit(status), SIGNAL_MS)
}

function onUncaught(error: unknown): void {
  if (process.listenerCount('uncaughtException') > 1) {
    void flushAll(state.installs)
    return
  }
  process.stderr.write(formatUncaughtError(error))
  if (!state.isEnding) endWith(() => process.exit(1))
}

function onBeforeExit(): void {
  const unflushed = [...state.installs].filter((install) => !install.isFlushed)
  for (const install of unflushed) install.isFlushed = true
  if (unflushed.length > 0) {
    void flushAll(unflushed)
    return
  }
  processEnd.isIdle = true
  inNextTurn(() => {
    processEnd.isIdle = false // another listener has found something to do
  }).unref()
}

function onExit(): void {
  processEnd.isNow = true
  forEachTarget(state.installs, (target) => target.flushSync?.())
}

function endWith(exit: () => void): void {
  state.isEnding = true
  // One turn later, so that the messages of the targets are printed.
  const exitNext = (): void => void inNextTurn(exit)
  const seen = new Set<ShutdownTarget>()
  void Promise.all(Array.from(state.installs, (install) => endInOrder(install, seen))).then(exitNext, exitNext)
}

/**
 * Ends the targets one after the other, within one grace period: what a server still measures is exported by what comes after it. A target
 * that hangs leaves the later ones a share of the time.
 */
async function endInOrder({ targets, gracePeriodMs }: Install, seen: Set<ShutdownTarget>): Promise<void> {
  const own = targets.filter((target) => !seen.has(target) && seen.add(target))
  const endsMs = timerClock.monotonicMs() + gracePeriodMs + LAST_WORDS_MS
  const reserveMs = Math.min(MAX_RESERVE_MS, gracePeriodMs / (2 * own.length))
  for (const [at, target] of own.entries()) {
    const laterMs = reserveMs * (own.length - 1 - at)
    await actInTime(target, () => end(target), Math.max(endsMs - timerClock.monotonicMs() - laterMs, 0))
  }
}

function end(target: ShutdownTarget): unknown {
  if (target.shutdown !== undefined) return target.shutdown()
  return target.close === undefined ? target.flush?.() : target.close()
}

/** Flushes all targets at once. */
async function flushAll(installs: Iterable<Install>): Promise<void> {
  const flushes: Promise<void>[] = []
  forEachTarget(installs, (target, { gracePeriodMs }) => {
    flushes.push(actInTime(target, () => target.flush?.(gracePeriodMs), gracePeriodMs + LAST_WORDS_MS))
  })
  await Promise.all(flushes)
}

async function actInTime(target: ShutdownTarget, act: () => unknown, timeoutMs: number): Promise<void> {
  const result = await withTimeout(settle(act), { timeoutMs, keepAlive: true })
  if (result !== TIMED_OUT && result.status === 'rejected') logFailure(target, result.reason)
}

function forEachTarget(installs: Iterable<Install>, act: (target: ShutdownTarget, install: Install) => unknown): void {
  const seen = new Set<ShutdownTarget>()
  for (const install of installs) {
    for (const target of install.targets) {
      if (seen.has(target)) continue
      seen.add(target)
      try {
        act(target, install)
      } catch (error) {
        logFailure(target, error)
      }
    }
  }
}

function logFailure(target: ShutdownTarget, error: unknown): void {
  const name = componentName(target, 'target')
  warnOnce('TALLYSCOPE_SHUTDOWN_FAILED', name, `${name} could not be shut down properly: ${errorText(error)}`)
}
