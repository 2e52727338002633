import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'

/**
 * The head that was sent; undefined if there is none. Of HTTP/2 it is empty. Node has no other name for it, and by its public
 * properties Node searches through the prototypes of the response, which Express makes slow.
 */
export function headOf(response: ServerResponse): string | undefined {
  const { _header } = response as { _header?: unknown }
  return typeof _header === 'string' ? _header : response.headersSent ? '' : undefined
}

const STATUS_START = 'HTTP/1.1 '.length
const ZERO = 0x30

/** The status that was sent. An application may set another one afterwards, which no client sees, or write to the stream of HTTP/2 itself. */
export function statusOf(head: string, response: ServerResponse): number {
  if (head !== '') return digitAt(head, STATUS_START) * 100 + digitAt(head, STATUS_START + 1) * 10 + digitAt(head, STATUS_START + 2)
  const { stream } = response as { stream?: ServerHttp2Stream }
  return Number(stream?.sentHeaders?.[':status'] ?? response.statusCode)
}

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - ZERO
}

/**
 * `response.writableFinished`. It is true in the first case, which is the usual one: Node takes the connection from a response once it is
 * written. The getter itself is found through the prototypes.
 */
export function isWritten(response: ServerResponse): boolean {
  const { finished, outputSize, socket } = response as ServerResponse & { readonly finished: boolean; readonly outputSize?: number }
  return (finished && outputSize === 0 && socket === null) || response.writableFinished
}
