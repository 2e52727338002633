import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Certificate } from './certificates.js'
import { listening } from './receiver.js'

/**
 * The URL of a receiver with this certificate; with `ca`, it takes those only that have a certificate of its authority.
 * @param answer Returns the body of the response. Default: the client's name.
 */
export async function secureReceiver(
  certificate: Certificate,
  ca?: string,
  answer: (client: string, path: string | undefined) => string = (client) => `hello ${client}`,
): Promise<string> {
  const options = { ...certificate, ...(ca !== undefined && { ca, requestCert: true, rejectUnauthorized: true }) }
  const server = createServer(options, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate()
    request.resume().on('end', () => response.end(answer(String(subject?.CN), request.url)))
  })
  server.on('tlsClientError', () => {})
  await listening(server)
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}
