// @ts-check
// Runs the job with receivers that print what arrives: `node examples/push/main.js`.
import { fork } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

const collector = createServer((request, response) => {
  let bytes = 0
  request.on('data', (chunk) => {
    bytes += chunk.length
  })
  request.on('end', () => {
    const { 'content-type': type, 'content-encoding': encoding } = request.headers
    console.log(`${request.method} ${request.url}: ${bytes} bytes of ${type}, ${encoding}`)
    response.writeHead(200).end()
  })
})
collector.listen(0, '127.0.0.1')
await once(collector, 'listening')
const { port } = /** @type {import('node:net').AddressInfo} */ (collector.address())

const agent = createSocket('udp4', (packet) => console.log(`${packet}`))
agent.bind(0, '127.0.0.1')
await once(agent, 'listening')

const job = fork(fileURLToPath(new URL('job.js', import.meta.url)), {
  env: {
    ...process.env,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    REMOTE_WRITE_URL: `http://127.0.0.1:${port}/api/v1/write`,
    DD_AGENT_HOST: '127.0.0.1',
    DD_DOGSTATSD_PORT: String(agent.address().port),
  },
})
const [code] = await once(job, 'exit')
collector.close()
agent.close()
process.exitCode = code
