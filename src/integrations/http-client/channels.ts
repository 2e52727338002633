import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { selfCount, selfFamily } from '../../base/internal-metrics.js'

const FAULTS = selfFamily({
  name: 'tallyscope_http_client_faults_total',
  description: 'Events of outgoing HTTP requests that could not be read, or requests whose headers were beyond reach, by reason.',
  type: 'counter',
  unit: '1',
  labelKeys: ['reason'],
})

const unreadableEvent: { value: number } = selfCount(FAULTS, 'event')
export const headersSent: { value: number } = selfCount(FAULTS, 'headers sent')

/** Subscribes to channels; gives what undoes it. What a handler throws is counted: it must not reach the program's request. */
export function listen(handlers: Readonly<Record<string, (message: never) => void>>): () => void {
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
