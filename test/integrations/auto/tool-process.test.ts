import { expect, test } from 'vitest'
import { isToolProcess } from '../../../src/integrations/auto/tool-process.js'

const runs = (file: string, ...args: string[]): boolean => isToolProcess(['/usr/bin/node', file, ...args], [], {})

test.each([
  '/usr/lib/node_modules/npm/bin/npm-cli.js',
  'C:\\tools\\yarn-1.22.22.js',
  '/app/node_modules/.bin/tsx',
  '/app/node_modules/.pnpm/tsx@4.23.15/node_modules/tsx/dist/cli.mjs',
  '/usr/local/bin/pm2-runtime',
  '/app/node_modules/pm2/lib/Daemon.js',
  'C:\\app\\node_modules\\nodemon\\bin\\nodemon.js',
  '/app/node_modules/@nestjs/cli/bin/nest.js',
  '/app/node_modules/.bin/cross-env',
  '/app/node_modules/concurrently/dist/bin/concurrently.js',
])('%s only starts the program', (file) => {
  expect(runs(file)).toBe(true)
})

test.each([
  '/app/server.js',
  '/app/nest.js',
  '/app/tsx/server.ts',
  '/app/node_modules/pm2/lib/ProcessContainer.js',
  '/app/node_modules/pm2/lib/ProcessContainerFork.js',
  '/app/node_modules/ts-node-dev/lib/wrap.js',
  '/app/node_modules/.bin/ts-node',
  '/app/node_modules/fastify-cli/cli.js',
])('%s is or runs the program', (file) => {
  expect(runs(file)).toBe(false)
})

test('of the commands of next, `dev` starts the server in a process of its own', () => {
  const next = '/app/node_modules/.bin/next'
  expect([runs(next), runs(next, 'dev'), runs(next, 'start'), runs('/app/node_modules/next/dist/bin/next', 'dev')]).toEqual([
    true,
    true,
    false,
    true,
  ])
})
