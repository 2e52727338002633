// @ts-check
// Receivers for the contenders. They read everything, keep nothing, and run in another process than the contenders.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'

/**
 * @typedef {object} CountingReceiver
 * @property {string} url
 * @property {() => { bytes: number, requests: number }} taken What has come since the last time.
 * @property {() => void} close
 */

/** Answers each request of OTLP with success. @returns {Promise<CountingReceiver>} */
export function otlpReceiver() {
  let bytes = 0
  let requests = 0
  const server = createServer((request, response) => {
    request.on('data', (/** @type {Buffer} */ chunk) => (bytes += chunk.length))
    request.on('end', () => {
      requests++
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('not a port'))
      resolve({
        url: `http://127.0.0.1:${address.port}`,
        taken: () => {
          const seen = { bytes, requests }
          bytes = requests = 0
          return seen
        },
        close: () => server.close(),
      })
    })
  })
}

/** Reads datagrams as a server of StatsD does. @returns {Promise<{ url: string, lines: () => number, close: () => void }>} */
export function lineReceiver() {
  /** @type {Buffer[]} */
  let packets = []
  const socket = createSocket('udp4', (packet) => packets.push(packet))
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, '127.0.0.1', () => {
      resolve({
        url: `udp://127.0.0.1:${socket.address().port}`,
        /** Lines that have arrived since the last time. */
        lines: () => {
          const count = packets.reduce((sum, packet) => sum + packet.toString('latin1').trimEnd().split('\n').length, 0)
          packets = []
          return count
        },
        close: () => socket.close(),
      })
    })
  })
}
