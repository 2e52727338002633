import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

/** A signal that is aborted if the client disconnects before it has the whole response. Call it when the response has the connection. */
export function clientSignal(response: ServerResponse): AbortSignal {
  const client = new AbortController()
  const { stream } = response as unknown as Partial<Http2ServerResponse>
  const leave = (): void => {
    // A stream that the client has reset is ended by Node, so that it looks as if all had been sent.
    if (response.writableFinished && stream?.aborted !== true) return
    // With a reason, because the default one is a DOMException.
    client.abort(new Error('the request was aborted by the client'))
  }
  if (stream?.destroyed ?? response.destroyed) leave()
  else response.once('close', leave)
  return client.signal
}
