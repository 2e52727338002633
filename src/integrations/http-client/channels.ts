import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { idleCount, internalCounter, markInUse } from '../../base/internal-metrics.js'

const FAULTS = internalCounter(
  'tallyscope_http_client_faults_total',
  'Events of outgoing HTTP requests that could not be read, and requests without trace headers by mistake, by reason.',
  'reason',
)

const unreadableEvent: { value: number } = idleCount(FAULTS, 'event')
export const headersSent: { value: number } = idleCount(FAULTS, 'headers sent')
/** Errors that the option `propagateTo` threw. */
export const propagateToThrew: { value: number } = idleCount(FAULTS, 'propagateTo')

/** Calls a handler. Its errors are counted and never thrown: the request of the program must not fail. */
export function callSafely<M>(handle: (message: M) => void, message: M): void {
  try {
    handle(message)
  } catch {
    unreadableEvent.value++
  }
}

/** Subscribes to diagnostics channels and returns a function that unsubscribes. Errors of handlers are counted and never thrown. */
export function listen(handlers: Readonly<Record<string, (message: never) => void>>): () => void {
  markInUse(FAULTS)
  const listeners = Object.entries(handlers).map(([name, handle]) => {
    const listener = (message: unknown): void => callSafely(handle, message as never)
    subscribe(name, listener)
    return { name, listener }
  })
  return () => {
    for (const { name, listener } of listeners) unsubscribe(name, listener)
  }
}
