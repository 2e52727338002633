import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { idleCount, internalCounter, markInUse } from '../../base/internal-metrics.js'

const FAULTS = internalCounter(
  'tallyscope_http_client_faults_total',
  'Events of outgoing HTTP requests that could not be read, or requests whose headers were already sent, by reason.',
  'reason',
)

const unreadableEvent: { value: number } = idleCount(FAULTS, 'event')
export const headersSent: { value: number } = idleCount(FAULTS, 'headers sent')

/** Subscribes to diagnostics channels and returns a function that unsubscribes. Errors of handlers are counted and never thrown. */
export function listen(handlers: Readonly<Record<string, (message: never) => void>>): () => void {
  markInUse(FAULTS)
  const listeners = Object.entries(handlers).map(([name, handle]) => {
    const listener = (message: unknown): void => {
      try {
        handle(message as never)
      } catch {
        unreadableEvent.value++
      }
    }
    subscribe(name, listener)
    return { name, listener }
  })
  return () => {
    for (const { name, listener } of listeners) unsubscribe(name, listener)
  }
}
