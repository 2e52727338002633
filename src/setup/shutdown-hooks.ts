import { checkBooleans, checkNumber, checkOptions, type OptionNames } from '../base/check-options.js'
import { constants } from 'node:os'
import { inspectValue } from '../base/strings/inspect-value.js'
import { timerClock } from '../base/clock.js'
import { DefinitionError } from '../base/errors.js'
import { errorText } from '../base/rate-limited-log.js'
import { warnOnce } from '../base/logger.js'
import { hasExitListeners, keepLastAtExit, processEnd } from '../base/process-end.js'
import { componentName } from '../base/strings/inspect-value.js'
import { processGlobal } from '../base/process-global.js'
import { inNextTurn, MAX_TIMER_MS } from '../base/timer.js'
import { settle, TIMED_OUT, withTimeout } from '../base/with-timeout.js'
import { formatUncaughtError } from './format-uncaught-error.js'
import { reportUncaughtError } from './report-uncaught-error.js'
import { YIELDS_TO_SENTRY, yieldingListeners } from './yielding-listeners.js'

/** An object that must be flushed before the process ends: a transport, a periodic task, a Tallyscope. */
export interface ShutdownTarget {
  /** Flushes pending data. The target continues to work. */
  flush?(timeoutMs?: number): unknown
  /** Flushes for the last time. */
  shutdown?(): unknown
  /** Called if there is no `shutdown`. For a server of Node, the hooks wait until its connections have ended. */
  close?(): unknown
  /** Exports synchronously as much as possible, after `process.exit()`. */
  flushSync?(): unknown
}

export interface ShutdownHookOptions {
  /** Signals that end the process. Default SIGTERM, SIGINT and SIGHUP. */
  readonly signals?: readonly NodeJS.Signals[]
  /** Time limit for all targets together, in milliseconds, from 0. Default 5 000. */
  readonly gracePeriodMs?: number
  /**
   * Ends the process by the signal itself, as without hooks. Listeners of `exit` are then not called. Default false, which calls
   * `process.exit(128 + n)`.
   */
  readonly raiseSignal?: boolean
}

const OPTIONS: OptionNames<ShutdownHookOptions> = { signals: true, gracePeriodMs: true, raiseSignal: true }

/** Additional time for a target with the same grace period to log its losses. */
const LOG_MARGIN_MS = 100
/** Maximum part of the grace period that is reserved for each later target. */
const MAX_RESERVE_MS = 1_000
/** A process that the signal does not end, such as process 1 of a container, exits after this time. */
const SIGNAL_MS = 100

interface Install extends Required<ShutdownHookOptions> {
  readonly targets: readonly ShutdownTarget[]
  /** True after the flush of `beforeExit`, which happens only once, since a flush may add work to the event loop. */
  isFlushed: boolean
}

interface HookState {
  readonly installs: Set<Install>
  /** One listener for each event, shared by all hooks of the process. */
  readonly listeners: Map<string, (...args: never[]) => void>
  isEnding: boolean
  /** True after a signal that a listener of the application handles, until the event loop is empty. */
  isHandledElsewhere?: boolean
  hasWaitedForSignal?: boolean
}

const state = processGlobal('shutdown-hooks', (): HookState => ({ installs: new Set(), listeners: new Map(), isEnding: false }))

/**
 * Flushes and shuts down targets when the process ends: on SIGTERM, SIGINT and SIGHUP, after an uncaught error and when the event loop
 * is empty. On `process.exit()` only synchronous exports are possible; they contain what the application's listeners of `exit` record. No
 * hooks are installed by default.
 *
 * The exit status does not change: 143, 130, 129, 1 with the error printed, or that of the application. A second signal ends the process at
 * once. The hooks wait no longer than the grace period for a target that hangs. If the application has its own listener for a signal or for
 * uncaught errors, the hooks only flush the targets and leave the end of the process to it.
 *
 * Targets are shut down one after the other, in the given order: put servers before exporters.
 *
 * @returns A function that removes the hooks.
 * @throws {@link DefinitionError} `ERR_SHUTDOWN_TARGET` for a target without these methods, `ERR_SHUTDOWN_OPTION` for an invalid option.
 * @example
 * const uninstall = installShutdownHooks([server, task, tracer.transport])
 */
export function installShutdownHooks(targets: ShutdownTarget | readonly ShutdownTarget[], options: ShutdownHookOptions = {}): () => void {
  checkOptions('installShutdownHooks', options, OPTIONS)
  const { signals = ['SIGTERM', 'SIGINT', 'SIGHUP'], gracePeriodMs = 5_000, raiseSignal = false } = options
  const list = Array.isArray(targets) ? [...(targets as readonly ShutdownTarget[])] : [targets as ShutdownTarget]
  list.forEach(checkTarget)
  checkNumber('ERR_SHUTDOWN_OPTION', 'gracePeriodMs', gracePeriodMs, { min: 0, max: MAX_TIMER_MS - LOG_MARGIN_MS })
  checkBooleans('ERR_SHUTDOWN_OPTION', { raiseSignal })
  checkSignals(signals)
  const install: Install = { targets: list, signals, gracePeriodMs, raiseSignal, isFlushed: false }
  state.installs.add(install)
  for (const signal of signals) listen(signal, () => onSignal(signal))
  listen('uncaughtException', Object.assign(onUncaught, YIELDS_TO_SENTRY))
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

/** Signals that no process can catch. */
const UNCATCHABLE: ReadonlySet<string> = new Set(['SIGKILL', 'SIGSTOP'])

function checkSignals(signals: unknown): void {
  const rule = 'signals must be an array of names of signals that a process can catch'
  if (!Array.isArray(signals)) throw new DefinitionError('ERR_SHUTDOWN_OPTION', `${rule}: it is ${inspectValue(signals)}`)
  const wrong = signals.findIndex((signal: string) => !Object.hasOwn(constants.signals, signal) || UNCATCHABLE.has(signal))
  if (wrong >= 0) throw new DefinitionError('ERR_SHUTDOWN_OPTION', `${rule}: one is ${inspectValue(signals[wrong])}`)
}

function checkTarget(target: ShutdownTarget, index: number): void {
  const methods = ['shutdown', 'close', 'flush', 'flushSync'] as const
  if (methods.some((method) => typeof target?.[method] === 'function')) return
  throw new DefinitionError('ERR_SHUTDOWN_TARGET', `a target must have shutdown(), close() or flush(): the one at index ${index} has none`)
}

let stopStayingLast: (() => void) | undefined

function listen(event: string, listener: (...args: never[]) => void): void {
  if (state.listeners.has(event)) return
  state.listeners.set(event, listener)
  process.on(event, listener as () => void)
  if (event === 'exit') stopStayingLast = keepLastAtExit(listener as () => void)
}

function unlisten(event: string): void {
  process.off(event, state.listeners.get(event) as () => void)
  if (event === 'exit') stopStayingLast?.()
  state.listeners.delete(event)
}

function onSignal(signal: NodeJS.Signals): void {
  const isLeftToOthers = process.listenerCount(signal) > 1 + yieldingListeners()
  if (isLeftToOthers) {
    state.isHandledElsewhere = true
    void flushAll(state.installs)
  } else if (state.isEnding) endBy(signal)
  else endWith(() => endBy(signal))
}

function endBy(signal: NodeJS.Signals): void {
  const status = 128 + constants.signals[signal]
  if (![...state.installs].every(({ raiseSignal }) => raiseSignal)) process.exit(status)
  onExit()
  unlisten(signal)
  process.kill(process.pid, signal)
  if (process.listenerCount(signal) === 0) setTimeout(() => process.exit(status), SIGNAL_MS)
  else removeHooks()
}

/** Leaves the end to listeners that yield. The next turn delivers the signal to them. They may decide that the process goes on. */
function removeHooks(): void {
  for (const event of state.listeners.keys()) unlisten(event)
  state.installs.clear()
  state.isEnding = false
  inNextTurn(() => {})
}

function onUncaught(error: unknown): void {
  if (process.listenerCount('uncaughtException') > 1) {
    void flushAll(state.installs)
    return
  }
  process.stderr.write(formatUncaughtError(error))
  reportUncaughtError(error)
  if ((process as { _exiting?: boolean })._exiting === true) {
    onExit() // a listener of `exit` has thrown, so that those after it are not called
    process.exit(process.exitCode ?? 1)
  }
  if (!state.isEnding) endWith(() => process.exit(1))
}

function onBeforeExit(): void {
  waitForSignal()
  const unflushed = [...state.installs].filter((install) => !install.isFlushed)
  for (const install of unflushed) install.isFlushed = true
  if (unflushed.length > 0) {
    void flushAll(unflushed)
    return
  }
  processEnd.isIdle = true
  processEnd.hasExitListeners = hasExitListeners()
  inNextTurn(() => {
    processEnd.isIdle = false // another listener has added work to the event loop
  }).unref()
}

/**
 * The program may have raised a signal as its last step, which the next turn delivers. Another turn ends with another event
 * `beforeExit`, so without an earlier signal there is none if the application listens to that event.
 */
function waitForSignal(): void {
  const isUnnoticed = state.hasWaitedForSignal !== true && process.listenerCount('beforeExit') === 1
  if (state.isHandledElsewhere !== true && !isUnnoticed) return
  state.isHandledElsewhere = false
  state.hasWaitedForSignal = true
  inNextTurn(() => {})
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
 * Shuts the targets down one after the other, within one grace period, so that the last requests of a server are exported by later targets.
 * A part of the time is reserved for targets after one that hangs.
 */
async function endInOrder({ targets, gracePeriodMs }: Install, seen: Set<ShutdownTarget>): Promise<void> {
  const own = targets.filter((target) => !seen.has(target) && seen.add(target))
  const endsMs = timerClock.monotonicMs() + gracePeriodMs + LOG_MARGIN_MS
  const reserveMs = Math.min(MAX_RESERVE_MS, gracePeriodMs / (2 * own.length))
  for (const [at, target] of own.entries()) {
    const laterMs = reserveMs * (own.length - 1 - at)
    await actInTime(target, () => end(target), Math.max(endsMs - timerClock.monotonicMs() - laterMs, 0))
  }
}

function end(target: ShutdownTarget): unknown {
  if (target.shutdown !== undefined) return target.shutdown()
  if (target.close === undefined) return target.flush?.()
  return isNodeServer(target) ? closeServer(target) : target.close()
}

/** A server of node:net, node:http, node:https or node:http2. Its `close` returns no promise, but calls a function. */
interface NodeServer {
  close(onClosed: () => void): unknown
  closeIdleConnections?(): void
}

/** Connections whose last request has ended stay open for clients that send another one. */
const CLOSE_IDLE_MS = 50

function isNodeServer(target: ShutdownTarget): target is ShutdownTarget & NodeServer {
  return 'getConnections' in target && 'listening' in target
}

/** Stops listening, and waits for running requests. A server that does not listen calls the function with an error, and has ended too. */
function closeServer(server: NodeServer): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => server.closeIdleConnections?.(), CLOSE_IDLE_MS)
    server.close(() => {
      clearInterval(timer)
      resolve()
    })
  })
}

/** Flushes all targets at once. */
async function flushAll(installs: Iterable<Install>): Promise<void> {
  const flushes: Promise<void>[] = []
  forEachTarget(installs, (target, { gracePeriodMs }) => {
    flushes.push(actInTime(target, () => target.flush?.(gracePeriodMs), gracePeriodMs + LOG_MARGIN_MS))
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
