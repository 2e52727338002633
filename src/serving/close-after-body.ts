import type { IncomingMessage, ServerResponse } from 'node:http'

/** Ends the connection with the response if the request has a body, which is not read. Streams of HTTP/2 end by themselves. */
export function closeAfterBody({ headers, httpVersionMajor }: IncomingMessage, response: ServerResponse): void {
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  if (hasBody && httpVersionMajor === 1) response.setHeader('connection', 'close')
}
