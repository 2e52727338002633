import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Stats, Tracer } from 'tallyscope'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { contextState, currentFrame, type Frame } from '../../../src/base/context.js'
import { counts, until } from '../fastify/served.js'

// Alone in its process: whatever may read the context of a request changes it for all that follow.
test('the context is entered once there is something that may read it, and not before', async () => {
  const stats = new Stats()
  const instrumentation = instrumentHttpServer({ stats, ignorePaths: ['/health'] })
  const frames: Frame[] = []
  const server = createServer((_request, response) => {
    frames.push(currentFrame())
    response.end('x')
  }).listen(0, '127.0.0.1')
  await until(() => server.listening)
  onTestFinished(() => {
    instrumentation.stop()
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = async (path: string, headers = {}) => (await fetch(`${url}${path}`, { headers })).text()

  await ask('/')
  await ask('/health')
  expect(contextState.used).toBe(false)
  // Values of this trace may have it as exemplar.
  await ask('/', { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' })
  expect(contextState.used).toBe(true)
  const tracer = new Tracer({ stats, exporter: 'none' })
  await ask('/')
  await ask('/health')
  await until(() => counts(stats)['GET unmatched 200 ok'] === 3)
  expect(tracer.currentSpan()).toBe(undefined)
  expect(frames.map(({ span, suppressed }) => [span !== undefined, suppressed])).toEqual([
    [false, false],
    [false, false],
    [true, false],
    [true, false],
    [false, true],
  ])
})
