import { createRequire } from 'node:module'
import { afterAll, beforeEach, chai, describe, expect, test, vi } from 'vitest'
import { OpenTracingTracer, NoopOpenTracingTracer } from 'tallyscope/opentracing'

// The checks that the npm package brings for implementations. They are CommonJS for mocha, with chai of its time; the
// globals are lent to them, and chai is put where their require() finds it.
const require = createRequire(import.meta.url)
const Module = require('node:module') as { _load: (request: string, ...rest: unknown[]) => unknown }
const load = Module._load
Module._load = (request, ...rest) => (request === 'chai' ? chai : load.call(Module, request, ...rest))
vi.stubGlobal('describe', describe)
vi.stubGlobal('it', test)
vi.stubGlobal('beforeEach', beforeEach)
const checks = require('opentracing/lib/test/api_compatibility.js') as { default: (createTracer: () => unknown, options?: object) => void }
Module._load = load

const log = vi.spyOn(console, 'log').mockImplementation(() => {})
afterAll(() => {
  log.mockRestore()
  vi.unstubAllGlobals()
})

describe('a tracer with its defaults', () => checks.default(() => new OpenTracingTracer()))
describe('a tracer without implicit parents', () => checks.default(() => new OpenTracingTracer({ implicitParent: false })))
describe('a tracer in mock mode', () => checks.default(() => new OpenTracingTracer({ mock: true })))
describe('the no-op tracer', () => checks.default(() => new NoopOpenTracingTracer(), { skipBaggageChecks: true }))

test('the checks are those of the npm package', () => {
  expect((require('opentracing/package.json') as { version: string }).version).toBe('0.14.7')
})
