import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { resourceFromEnvironment } from '../../src/base/resource.js'
import { PushGatewayExporter } from '../../src/exporters/prometheus/push/push-gateway-exporter.js'
import { metricsHandler } from '../../src/exporters/prometheus/http/handler.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { exportPeriodically } from '../../src/metrics/collection/export-periodically.js'
import { selfMetrics } from '../../src/metrics/collection/internal-metrics-producer.js'
import { createTallyscope } from '../../src/setup/tallyscope.js'

const SECRET = 'hunter2-of-the-gateway'
let server: Server | undefined

afterEach(() => {
  server?.close()
  server?.closeAllConnections()
  server = undefined
})

/** A server that answers everything with a status. */
async function answering(status: number): Promise<string> {
  server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(status).end('no'))
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Every string of an error, those of its causes included. */
function wholeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return [error.message, error.stack, JSON.stringify(error), wholeText(error.cause)].join('\n')
}

async function thrownBy(action: () => unknown): Promise<string> {
  try {
    await action()
  } catch (error) {
    return wholeText(error)
  }
  throw new Error('meant to throw')
}

test('the password of a gateway is sent, and is in no error message', async () => {
  const metrics = await selfMetrics().getMetrics()
  for (const status of [401, 503]) {
    const host = await answering(status)
    const exporter = new PushGatewayExporter({ url: `http://user:${SECRET}@${host}`, job: 'a' })
    const text = await thrownBy(() => exporter.export(metrics))
    expect(text).toContain(host)
    expect(text).not.toContain(SECRET)
    server!.close()
  }
  const nobody = new PushGatewayExporter({ url: `http://user:${SECRET}@127.0.0.1:1`, job: 'a', headers: { 'x-token': SECRET } })
  expect(await thrownBy(() => nobody.export(metrics))).not.toContain(SECRET)
})

test('an invalid address is reported without its password', async () => {
  for (const url of [`ftp://user:${SECRET}@host`, `user:${SECRET}@host:9091`, `http://user:%ff${SECRET}@host`, `http://user:${SECRET}@`]) {
    const text = await thrownBy(() => new PushGatewayExporter({ url, job: 'a' }))
    expect(text).toContain('the URL of a gateway')
    expect(text).not.toContain(SECRET)
  }
})

test('a header that cannot be sent is reported by name only', async () => {
  const options = { url: 'http://127.0.0.1:1', job: 'a', headers: { authorization: `Bearer ${SECRET}\n` } }
  const text = await thrownBy(() => new PushGatewayExporter({ ...options, headers: { authorization: `Bearer ${SECRET}\0` } }))
  expect(text).toContain('"authorization"')
  expect(text).not.toContain(SECRET)
  expect(() => new PushGatewayExporter(options)).not.toThrow() // blanks at the end are cut by HTTP
})

test('no log line, counter or document of the library contains the password of a gateway', async () => {
  const lines: string[] = []
  const log = (...parts: unknown[]): void => void lines.push(parts.map((part) => wholeText(part) + JSON.stringify(part)).join(' '))
  const exporter = new PushGatewayExporter({ url: `http://user:${SECRET}@${await answering(403)}`, job: 'a' })
  const task = exportPeriodically({
    producers: [selfMetrics()],
    exporter,
    logger: { debug: log, info: log, warn: log, error: log },
  })
  await task.flush().catch(log)
  await task.close().catch(log)
  expect(lines.join('\n')).toContain('403')
  expect(lines.join('\n')).not.toContain(SECRET)
  expect(formatText(await selfMetrics().getMetrics())).not.toContain(SECRET)
})

test('configuration problems contain no password, whichever source it came from', async () => {
  const parts = [
    `pushgateway(url="ftp://user:${SECRET}@host", job=a)`,
    `pushgateway(url="http://user:${SECRET}@host", job=a`,
    `http://user:${SECRET}@host`,
    `pushgatway(http://user:${SECRET}@host)`,
  ]
  for (const part of parts) {
    expect(await thrownBy(() => createTallyscope({ env: { TALLYSCOPE_METRICS_EXPORTERS: part } })), part).not.toContain(SECRET)
    expect(await thrownBy(() => createTallyscope({ env: {}, metrics: { exporters: [part] } })), part).not.toContain(SECRET)
  }
  const asObject = { pushgateway: { url: `ftp://user:${SECRET}@host`, job: 'a' } }
  expect(await thrownBy(() => createTallyscope({ env: {}, metrics: { exporters: [asObject] } }))).not.toContain(SECRET)
})

test('a response to a wrong token contains neither that token nor the right one', async () => {
  const handle = metricsHandler({ producers: [selfMetrics()], bearerToken: SECRET })
  const { status, headers, body } = await handle({ authorization: 'Bearer my-own-guess' })
  const answer = `${status} ${JSON.stringify(headers)} ${Buffer.from(body as Uint8Array)}`
  expect(answer).toContain('401')
  expect(answer).not.toContain(SECRET)
  expect(answer).not.toContain('my-own-guess')
  expect(formatText(await selfMetrics().getMetrics())).not.toContain('my-own-guess')
})

test('problems of a resource are reported in short', () => {
  const { problems } = resourceFromEnvironment({ OC_RESOURCE_LABELS: `${'x'.repeat(200)}${SECRET}` })
  expect(JSON.stringify(problems)).not.toContain(SECRET)
})
