import type { ServerResponse } from 'node:http'

/** A signal that is aborted if the client disconnects before it has the whole response. Call it when the response has the connection. */
export function clientSignal(response: ServerResponse): AbortSignal {
  const client = new AbortController()
  const leave = (): void => {
    // With a reason, because the default one is a DOMException.
    if (!response.writableFinished) client.abort(new Error('the request was aborted by the client'))
  }
  if (response.destroyed) leave()
  else response.once('close', leave)
  return client.signal
}
