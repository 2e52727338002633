import { afterEach, expect, test, vi } from 'vitest'
import { readConfiguration } from '../../src/setup/configuration/configuration.js'
import { parseExpression, parseExpressions, ExpressionFault } from '../../src/setup/configuration/component-expression.js'
import { type ConfigurationProblem, lineOf } from '../../src/setup/configuration/problem.js'
import { SETTING_PATHS } from '../../src/setup/configuration/settings.js'
import { createTallyscope } from '../../src/setup/tallyscope.js'
import { randomNumbers } from '../exporters/random.js'
import { engine } from '../stats/engine.js'
import { amount, figure, seed } from './amount.js'

const TEXTS = amount(10_000, 1_000_000)
const FILES = amount(2_000, 100_000)
const HOSTILE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  '',
  ' ',
  '\0',
  'a.b',
  'traces.sampler',
]
const KNOWN_KEYS = [
  'service',
  'enabled',
  'resource',
  'traces',
  'metrics',
  'prometheus',
  'OPENCENSUS',
  'TRACE',
  'SAMPLER',
  'EXPORTER',
  'sampler',
  'exporters',
  'propagator',
  'transport',
  'intervalMs',
  'runtime',
  'port',
  'host',
  'path',
  'views',
  'excludelistPaths',
  'integrations',
  '$schema',
  'parentBased',
  'root',
  'probability',
  'rate',
  'file',
  'console',
  'async',
  'pushgateway',
  'statsd',
  'dogstatsd',
  'remotewrite',
  'url',
  'job',
  'groupingKey',
  'maxBytes',
]
const PIECES = [
  '(',
  ')',
  '=',
  ',',
  '"',
  "'",
  '[',
  ']',
  '\\',
  ' ',
  '\n',
  '\0',
  'é',
  '😀',
  '\ud800',
  '0',
  '1e999',
  '-1',
  'NaN',
  'true',
  'null',
  '.',
  '==',
] as const
const VALID = [
  'console',
  'file(path=traces.jsonl, maxFiles=3)',
  'probability(0.5)',
  'parentBased(root=probability(rate=0.1))',
  "opencensus.trace.file_exporter.FileExporter(file_name='traces')",
  'opencensus.ext.ocagent.trace_exporter.TraceExporter(service_name="foobar",)',
  'console(transport=AsyncTransport(max_batch_size=5, wait_period=2.5)), file(a)',
  'traceContext,b3',
  'rateLimiting(perSecond=1, burst=2)',
  'none',
]

afterEach(() => void vi.restoreAllMocks())

const random = randomNumbers(seed())
const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
const times = (most: number): number => Math.floor(random() * (most + 1))

/** A valid text with some letters taken out, put in, doubled or replaced. */
function mutated(text: string): string {
  const letters = [...text]
  for (let n = times(4) + 1; n > 0; n--)
    letters.splice(times(letters.length), times(2), ...Array.from({ length: times(2) }, () => pick([...PIECES, ...letters])))
  return letters.join('')
}

function textOf(): string {
  const way = random()
  if (way < 0.5) return mutated(pick(VALID))
  if (way < 0.6) return pick(VALID)
  return Array.from({ length: times(20) }, () => pick<string>([...PIECES, ...KNOWN_KEYS, ...HOSTILE_KEYS])).join('')
}

function valueOf(depth: number): unknown {
  const way = random()
  if (depth > 0 && way < 0.4) {
    const entries = Array.from({ length: times(4) }, () => [pick(random() < 0.75 ? KNOWN_KEYS : HOSTILE_KEYS), valueOf(depth - 1)] as const)
    // As JSON.parse makes it: own properties, __proto__ among them.
    return JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value ?? null)}`).join(',')}}`)
  }
  if (depth > 0 && way < 0.5) return Array.from({ length: times(4) }, () => valueOf(depth - 1))
  return way < 0.8 ? textOf() : pick<unknown>([null, true, false, 0, -1, 1.5, 9464, 70_000, 1e308, 2 ** 31, '', 'x'.repeat(300), [], {}])
}

function expectClean(): void {
  expect(({} as { polluted?: unknown }).polluted).toBe(undefined)
  expect(Object.keys(Object.prototype).length + Object.keys(Array.prototype).length).toBe(0)
  expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12)
}

/** What is read is known settings and problems with a place and words. Answers how many problems there are. */
function check(sources: Parameters<typeof readConfiguration>[0]): number {
  const { settings, resource, problems, warnings } = readConfiguration(sources)
  const fault = (what: unknown): never => expect.fail(JSON.stringify(what))
  for (const setting of Object.keys(settings)) if (!(SETTING_PATHS as readonly string[]).includes(setting)) fault(setting)
  for (const made of [settings, resource, resource.labels]) if (Object.getPrototypeOf(made) !== Object.prototype) fault(made)
  for (const problem of [...problems, ...warnings] as ConfigurationProblem[]) {
    const isTold = typeof problem.path === 'string' && problem.problem !== '' && problem.problem.length < 500
    if (!isTold || lineOf(problem).includes('[native code]')) fault(problem)
  }
  return problems.length
}

test('any string that names components is parsed or refused with its position', { timeout: 600_000 }, () => {
  let refused = 0
  for (let n = 0; n < TEXTS; n++) {
    const text = textOf()
    for (const parse of [parseExpression, parseExpressions]) {
      try {
        parse(text)
      } catch (fault) {
        if (!(fault instanceof ExpressionFault)) throw new Error(JSON.stringify(text), { cause: fault })
        if (!(fault.at <= text.length)) expect.fail(JSON.stringify(text))
        refused++
      }
    }
  }
  expect(refused).toBeGreaterThan(TEXTS / 4)
  expectClean()
  figure('configuration texts under fuzz', `${TEXTS.toLocaleString('en')} texts: read or refused, 0 other throws`)
})

test('objects, files and environments of any shape result in settings and problems, and never throw', { timeout: 600_000 }, () => {
  let withProblems = 0
  for (let n = 0; n < FILES; n++) {
    const tree = JSON.stringify(valueOf(5) ?? {})
    const text = random() < 0.5 ? tree : mutated(tree)
    const code =
      random() < 0.5 ? {} : (JSON.parse(`{${pick(KNOWN_KEYS.map((key) => JSON.stringify(key)))}:${tree}}`) as Record<string, unknown>)
    const names = [
      'TALLYSCOPE_TRACES_SAMPLER',
      'TALLYSCOPE_TRACES_EXPORTERS',
      'TALLYSCOPE_CONSTRUCTOR',
      'TALLYSCOPE___PROTO__',
      'OTEL_TRACES_SAMPLER',
      'OTEL_TRACES_SAMPLER_ARG',
      'OTEL_PROPAGATORS',
      'OTEL_METRICS_EXPORTER',
      'OTEL_RESOURCE_ATTRIBUTES',
      'OC_RESOURCE_LABELS',
      'TALLYSCOPE_METRICS_INTERVAL_MS',
      'TALLYSCOPE_PROMETHEUS_PORT',
    ]
    const env = Object.fromEntries(Array.from({ length: times(4) }, () => [pick(names), random() < 0.3 ? pick(HOSTILE_KEYS) : textOf()]))
    try {
      if (check({ code, env, file: { name: 'fuzz.json', text } }) > 0) withProblems++
    } catch (error) {
      throw new Error(JSON.stringify({ code, env, text }), { cause: error })
    }
  }
  expect(withProblems).toBeGreaterThan(FILES / 4)
  expectClean()
  figure('configurations under fuzz', `${FILES.toLocaleString('en')} files with code and environment: 0 throws, Object.prototype clean`)
})

test('keys of Object.prototype are reported as problems at any depth', () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const places = [
      `{"K":1}`,
      `{"K":{"prototype":{"polluted":1}}}`,
      `{"traces":{"K":{"polluted":1}}}`,
      `{"traces":{"exporters":{"K":{"polluted":1}}}}`,
      `{"traces":{"exporters":{"file":{"K":{"polluted":1}}}}}`,
      `{"traces":{"sampler":{"probability":{"K":{"polluted":1}}}}}`,
      `{"OPENCENSUS":{"TRACE":{"K":{"polluted":1}}}}`,
      `{"traces":{"sampler":"K"}}`,
      `{"traces":{"exporters":"K(K=1)"}}`,
      `{"traces":{"integrations":["K"]}}`,
      `{"metrics":{"K":1}}`,
    ]
    for (const place of places) {
      const { problems } = readConfiguration({ code: {}, env: {}, file: { name: 'f', text: place.replaceAll('K', key) } })
      expect([place, key, problems.length]).toEqual([place, key, 1])
    }
    for (const variable of ['OTEL_TRACES_SAMPLER', 'OTEL_PROPAGATORS', 'OTEL_TRACES_EXPORTER', 'OTEL_METRICS_EXPORTER']) {
      for (const text of [key, `parentbased_${key}`]) {
        const { settings, warnings } = readConfiguration({ code: {}, env: { [variable]: text }, file: undefined })
        expect([variable, text, settings, warnings.length]).toEqual([variable, text, {}, 1])
        expect(warnings.map(lineOf).join()).not.toMatch(/native code|Object/)
      }
    }
    const { resource } = readConfiguration({ code: {}, env: {}, file: { name: 'f', text: `{"resource":{"${key}":"label"}}` } })
    expect(Object.entries(resource.labels)).toEqual([[key, 'label']])
  }
  expectClean()
})

test('nesting of any depth and strings of any length end soon, with a problem', { timeout: 120_000 }, () => {
  const deep = (levels: number) => `{"traces":{"sampler":${'{"parentBased":{"root":'.repeat(levels)}"alwaysOn"${'}}'.repeat(levels)}}}`
  const long = 1_000_000
  const texts = [
    deep(11),
    deep(1_000),
    deep(100_000),
    `{"traces":{"exporters":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
    `{"service":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
    `{"${'k'.repeat(long)}":1}`,
    `{"traces":{"sampler":"${'('.repeat(long)}"}}`,
    `{"traces":{"sampler":"${'a'.repeat(long)}"}}`,
    `{"traces":{"sampler":{"opencensus.${'a.'.repeat(long / 2)}":1}}}`,
    `{"metrics":{"intervalMs":"${'1'.repeat(long)}x"}}`,
    `{"metrics":{"intervalMs":"${' '.repeat(long)}"}}`,
    '{'.repeat(long),
    JSON.stringify({ traces: { exporters: Array.from({ length: 5_000 }, (_, n) => `none${n}`) } }),
    JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`key${n}`, n]))),
  ]
  for (const text of texts) {
    const shown = text.slice(0, 40)
    const begun = process.cpuUsage()
    const { problems } = readConfiguration({ code: {}, env: {}, file: { name: 'f', text } })
    const { user, system } = process.cpuUsage(begun)
    expect([shown, problems.length > 0]).toEqual([shown, true])
    // Of this process alone, and generous: what grows with the square of a million takes an hour.
    expect([shown, (user + system) / 1e6 < 10]).toEqual([shown, true])
  }
  expect(readConfiguration({ code: {}, env: {}, file: { name: 'f', text: deep(9) } }).problems).toEqual([])
})

test('a hostile configuration causes one error with its problems, and nothing is started or written', () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  let refused = 0
  for (let n = 0; n < amount(500, 5_000); n++) {
    const code = {
      traces: { sampler: textOf(), propagator: textOf(), exporters: { memory: valueOf(2) } },
      metrics: { intervalMs: valueOf(1) },
    }
    try {
      createTallyscope({ ...code, env: {}, stats: engine().stats } as Parameters<typeof createTallyscope>[0])
    } catch (error) {
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'ERR_CONFIGURATION' })
      refused++
    }
  }
  expect(refused).toBeGreaterThan(400)
  expectClean()
})
