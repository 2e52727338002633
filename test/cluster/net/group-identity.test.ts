import { expect, test } from 'vitest'
import { groupIdentity, type ProcessFacts } from '../../../src/cluster/net/group-identity.js'

const alone: ProcessFacts = { env: {}, pid: 100, ppid: 1, isClusterWorker: false, hasWorkers: false }
const worker: ProcessFacts = { ...alone, pid: 101, ppid: 100, isClusterWorker: true }
const pm2 = (name: string, id: string): ProcessFacts => ({ ...worker, env: { PM2_HOME: '/home/a/.pm2', pm_id: id, name } })

test('a primary and its workers are one group, also before the first worker', () => {
  expect(groupIdentity(undefined, alone).kind).toBe('process')
  expect(groupIdentity(undefined, { ...alone, hasWorkers: true }).kind).toBe('cluster')
  expect(groupIdentity(undefined, worker)).toEqual({ kind: 'cluster', hash: groupIdentity(undefined, alone).hash })
  expect(groupIdentity(undefined, { ...worker, ppid: 99 }).hash).not.toBe(groupIdentity(undefined, alone).hash)
})

test('two applications under one PM2 are two groups, although the daemon is the primary of both', () => {
  const [one, again, other] = [
    groupIdentity(undefined, pm2('shop', '0')),
    groupIdentity(undefined, pm2('shop', '1')),
    groupIdentity(undefined, pm2('mail', '2')),
  ]
  expect(one).toEqual({ kind: 'pm2', hash: again.hash })
  expect(other.hash).not.toBe(one.hash)
})

test('a name takes precedence over everything else', () => {
  expect(groupIdentity('shop', worker)).toEqual(groupIdentity('shop', pm2('mail', '0')))
  expect(groupIdentity('shop', worker).kind).toBe('name')
})
