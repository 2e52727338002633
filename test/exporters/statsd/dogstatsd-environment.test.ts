import { expect, test } from 'vitest'
import { dogstatsdOptionsFromEnvironment } from '../../../src/exporters/statsd/index.js'

const read = (env: Record<string, string>) => dogstatsdOptionsFromEnvironment(env)

test('missing and empty variables set no options', () => {
  expect(read({})).toEqual({ options: {}, problems: [] })
  expect(read({ DD_TAGS: ' ', DD_AGENT_HOST: '', DD_DOGSTATSD_URL: '' })).toEqual({ options: {}, problems: [] })
})

test.each([
  [{ DD_DOGSTATSD_URL: 'udp://agent:8126' }, { protocol: 'udp', host: 'agent', port: 8126 }],
  [{ DD_DOGSTATSD_URL: 'udp://[fd00::1]:8126/' }, { protocol: 'udp', host: 'fd00::1', port: 8126 }],
  [{ DD_DOGSTATSD_URL: 'udp://agent' }, { protocol: 'udp', host: 'agent' }],
  [{ DD_DOGSTATSD_URL: 'unix:///run/dsd.socket' }, { protocol: 'unixDatagram', path: '/run/dsd.socket' }],
  [{ DD_DOGSTATSD_URL: 'unixgram:///run/dsd.socket' }, { protocol: 'unixDatagram', path: '/run/dsd.socket' }],
  [{ DD_DOGSTATSD_URL: 'UnixStream:///run/dsd.socket' }, { protocol: 'unixStream', path: '/run/dsd.socket' }],
  [
    { DD_DOGSTATSD_SOCKET: '/run/dsd.socket', DD_AGENT_HOST: 'agent' },
    { protocol: 'unixDatagram', path: '/run/dsd.socket' },
  ],
  [
    { DD_AGENT_HOST: 'agent', DD_DOGSTATSD_PORT: '8130' },
    { host: 'agent', port: 8130 },
  ],
  [
    { DD_DOGSTATSD_URL: 'udp://a', DD_AGENT_HOST: 'b', DD_DOGSTATSD_SOCKET: '/c' },
    { protocol: 'udp', host: 'a' },
  ],
])('variables set the address: %j', (env, options) => {
  expect(read(env as unknown as Record<string, string>)).toEqual({ options, problems: [] })
})

test('tags come from DD_TAGS, and variables of single tags take precedence', () => {
  const env = { DD_TAGS: 'env:dev,team:a:b region:eu,bare,:x', DD_ENV: 'prod', DD_SERVICE: 's', DD_VERSION: '1', DD_ENTITY_ID: 'id' }
  expect(read(env).options.tags).toEqual({
    env: 'prod',
    team: 'a:b',
    region: 'eu',
    service: 's',
    version: '1',
    'dd.internal.entity_id': 'id',
  })
})

test('variables set the origin fields', () => {
  expect(read({ DD_EXTERNAL_ENV: 'it-false,cn-a', DD_CARDINALITY: 'LOW' }).options).toEqual({
    externalEnv: 'it-false,cn-a',
    cardinality: 'low',
  })
})

test.each([
  ['DD_DOGSTATSD_URL', 'http://agent'],
  ['DD_DOGSTATSD_URL', 'udp://agent:99999'],
  ['DD_DOGSTATSD_PORT', 'x'],
  ['DD_DOGSTATSD_PORT', '0'],
  ['DD_EXTERNAL_ENV', 'a|b'],
  ['DD_CARDINALITY', 'most'],
])('%s=%s is reported and has no effect', (variable, value) => {
  const { options, problems } = read({ [variable]: value })
  expect(options).toEqual({})
  expect(problems.map((problem) => problem.variable)).toEqual([variable])
})
