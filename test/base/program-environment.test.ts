import { expect, test } from 'vitest'
import { programEnvironment } from '../../src/base/program-environment.js'

test('the variables that PM2 has not set yet are those of the program', () => {
  const given = { name: 'shop', pm_id: 3, TALLYSCOPE_PROMETHEUS_PORT: 9464, env: { PORT: '1' }, node_args: ['--import', 'x'], vizion: true }
  const env = { HOME: '/root', TALLYSCOPE_PROMETHEUS_PORT: '1', pm2_env: JSON.stringify(given) }
  expect(programEnvironment(env)).toEqual({
    ...env,
    name: 'shop',
    pm_id: '3',
    TALLYSCOPE_PROMETHEUS_PORT: '9464',
    vizion: 'true',
  })
})

test.each([undefined, '', '{', 'null', '7'])('without variables of PM2 the environment is that of the process: %j', (text) => {
  const env = { HOME: '/root', ...(text !== undefined && { pm2_env: text }) }
  expect(programEnvironment(env)).toEqual(env)
})
