import http, { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { Client } from 'undici'
import { count, Stats, Tracer, withTags } from 'tallyscope'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { until } from '../fastify/served.js'

type Get = (url: string) => Promise<unknown>

function nodeGet(agent: Agent): Get {
  return (url) =>
    new Promise((resolve, reject) => {
      http.get(url, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject)
    })
}

/** Two tenants whose requests share one connection, three times each. */
async function twoTenants(get: Get, options: { traced: boolean }): Promise<Stats> {
  const stats = new Stats()
  stats.registerView({ name: 'by tenant', measure: 'http/client/duration', contextTags: ['tenant'], aggregation: count() })
  stats.registerView({ name: 'spans', measure: 'span/latency', contextTags: ['tenant'], aggregation: count() })
  const client = instrumentHttpClient({ stats, tracer: options.traced ? new Tracer({ stats, exporter: 'none' }) : false })
  const server = createServer(async (_request, response) => {
    await delay(5)
    response.end('ok')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    client.stop()
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const request = (tenant: string) => withTags({ tenant }, () => get(url))
  await Promise.all(['acme', 'bell', 'acme', 'bell', 'acme'].map(request))
  await until(() => counted(stats, 'by tenant').length === 2)
  return stats
}

function counted(stats: Stats, view: string): string[] {
  const { rows } = stats.viewManager.getView(view)!
  return rows.map(({ tagValues, data }) => `${tagValues['tenant']}: ${(data as { value: number }).value}`).sort()
}

test.each<[string, () => Get]>([
  ['node:http over one kept connection', () => nodeGet(new Agent({ keepAlive: true, maxSockets: 1 }))],
  ['global fetch', () => async (url) => (await fetch(url)).text()],
  [
    'a pipelining client of undici',
    () => {
      let client: Client | undefined
      return async (url) => {
        client ??= new Client(new URL(url).origin, { pipelining: 5 })
        return (await client.request({ path: '/', method: 'GET' })).body.text()
      }
    },
  ],
])('requests by %s count for the tenant that made them', async (_name, make) => {
  const traced = await twoTenants(make(), { traced: true })
  await until(() => counted(traced, 'by tenant').join() === 'acme: 3,bell: 2')
  expect(counted(traced, 'spans')).toEqual(['acme: 3', 'bell: 2'])
})

test('requests without spans are recorded with the tags of their caller', async () => {
  const stats = await twoTenants(nodeGet(new Agent({ keepAlive: true, maxSockets: 1 })), { traced: false })
  await until(() => counted(stats, 'by tenant').join() === 'acme: 3,bell: 2')
})
