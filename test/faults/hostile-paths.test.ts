import express from 'express'
import type { IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { ServerMeasures } from '../../src/http/server-measures.js'
import { ClientMeasures } from '../../src/integrations/http-client/client-measures.js'
import { type ExpressLayer, matchLayer } from '../../src/integrations/http-server/express-layer.js'
import { mountTemplate } from '../../src/integrations/http-server/mount-template.js'
import { RouteNames } from '../../src/integrations/http-server/route-names.js'
import { Stats } from '../../src/stats/stats.js'

// Paths and hosts that somebody else has written, as long as Node allows: the head of a request has 16 KiB.

interface Router {
  readonly stack: ExpressLayer[]
}
interface App {
  use(path: string, router: unknown): void
  readonly _router?: Router
  readonly router?: Router
}
type Express = { (): App; Router(): { get(path: string, handler: () => void): void } }

/** The template of a router that is mounted at `mount`, for the path of a request. */
function templateOf(framework: Express, mount: string, path: string): string | undefined {
  const app = framework()
  const router = framework.Router()
  router.get('/end', () => {})
  app.use(mount, router)
  const layer = (app._router ?? app.router)!.stack.at(-1)!
  const match = matchLayer(layer, path)
  return match && mountTemplate(layer, match)
}

const express4 = createRequire(import.meta.url)('express-4') as Express
const express5 = express as unknown as Express

describe.each([
  ['slashes', `/files${'/'.repeat(15_000)}x`],
  ['equal segments', `/files${'/a'.repeat(7_500)}`],
  ['escaped segments', `/files${'/%61'.repeat(3_700)}`],
  ['equal parts of segments', `/files/${'-a'.repeat(7_500)}`],
  ['equal segments around another', `${'/a'.repeat(3_700)}/b${'/a'.repeat(3_700)}`],
])('a path of %s', (_, path) => {
  test.each([
    ['Express 5', express5, ['/files{/*rest}', '/*all', '/*all/b/*rest', '/files/:x{/*rest}', '/files/:x{-:y}']],
    ['Express 4', express4, ['/files/:rest(*)', '/:all(*)', '/:all(*)/b/:rest(*)', '/files/:x/:rest(*)', '/files/:x-:y']],
  ])('has a short template of %s, and costs little', (_framework, framework, mounts) => {
    const startMs = performance.now()
    for (const mount of mounts) expect(templateOf(framework, mount, path)?.length ?? 0, mount).toBeLessThan(50)
    expect(performance.now() - startMs).toBeLessThan(1_000)
  })
})

test('a route that a function returns is cut', () => {
  const names = new RouteNames(new ServerMeasures(new Stats()), () => `/${'x'.repeat(100_000)}`, undefined)
  expect(names.find({} as IncomingMessage)!.route).toHaveLength(256)
})

test('hosts of 100 kB are not kept', () => {
  const measures = new ClientMeasures(new Stats())
  gc!()
  const before = process.memoryUsage().heapUsed
  for (let at = 0; at < 500; at++) {
    const host = Buffer.alloc(100_000, `host ${at} of many `).toString('latin1')
    measures.record({ method: 'GET', host, status: 200, sent: 0, received: 0 } as never, 'ok', 1)
  }
  gc!()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000)
})
