import { fc } from '../fast-check.js'
import { expect, test } from 'vitest'
import { mergeResources, parseResourceLabels, resourceFault, resourceFromEnvironment } from '../../src/base/resource.js'

const readingOf = (env: Record<string, string>) => resourceFromEnvironment(env)

test('the resource of an empty environment is empty, without problems', () => {
  expect(readingOf({})).toEqual({ resource: { labels: {} }, problems: [] })
})

test('the service name takes precedence over the attributes, and those over the OpenCensus labels', () => {
  const { resource, problems } = readingOf({
    OTEL_SERVICE_NAME: 'shop',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other, host.name = a%20b ,zone=1',
    OC_RESOURCE_TYPE: ' host ',
    OC_RESOURCE_LABELS: 'zone="2",rack="say \\"hi\\", twice"',
  })
  expect(problems).toEqual([])
  expect(resource).toEqual({ type: 'host', labels: { 'service.name': 'shop', 'host.name': 'a b', zone: '1', rack: 'say "hi", twice' } })
})

test('a malformed variable is ignored as a whole and reported, the others are kept', () => {
  const { resource, problems } = readingOf({
    OC_RESOURCE_TYPE: 'té',
    OC_RESOURCE_LABELS: 'a="1",b',
    OTEL_RESOURCE_ATTRIBUTES: 'a=%E0%A4%A,b=2',
    OTEL_SERVICE_NAME: 'shop',
  })
  expect(resource).toEqual({ labels: { 'service.name': 'shop' } })
  expect(problems).toEqual([
    { variable: 'OTEL_RESOURCE_ATTRIBUTES', problem: 'percent escapes must be UTF-8: "%E0%A4%A" is not' },
    { variable: 'OC_RESOURCE_TYPE', problem: 'a resource type must be 1 to 256 printable ASCII characters: "té"' },
    { variable: 'OC_RESOURCE_LABELS', problem: 'labels must be key="value" with commas between: "a=\\"1\\",b" is not at character 6' },
  ])
})

test('values are text in any script, with or without percent escapes', () => {
  const { resource, problems } = readingOf({
    OTEL_SERVICE_NAME: 'büro',
    OTEL_RESOURCE_ATTRIBUTES: 'city=Z%C3%BCrich,team=東京,list=a%2Cb%3Dc',
    OC_RESOURCE_LABELS: 'owner="José"',
  })
  expect(problems).toEqual([])
  expect(resource.labels).toEqual({ 'service.name': 'büro', city: 'Zürich', team: '東京', list: 'a,b=c', owner: 'José' })
  expect(resourceFault({ labels: { a: 'x'.repeat(257) } })).toMatch(
    /^resource label values must be at most 256 characters of well-formed Unicode: a is /,
  )
})

test('no environment variable makes the parser throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { resource } = readingOf({
        OC_RESOURCE_LABELS: text,
        OTEL_RESOURCE_ATTRIBUTES: text,
        OC_RESOURCE_TYPE: text,
        OTEL_SERVICE_NAME: text,
      })
      expect(resourceFault(resource)).toBeUndefined()
    }),
  )
})

test('quoted and escaped labels are read back', () => {
  const value = fc.string({ unit: 'grapheme-ascii', maxLength: 20 })
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z._]{0,8}$/), value), (labels) => {
      const text = Object.entries(labels).map(([key, text]) => `${key}="${text.replace(/[\\"]/g, '\\$&')}"`)
      expect(parseResourceLabels(text.join(','))).toEqual({ ...labels })
    }),
  )
})

test('a label named __proto__ is an ordinary label', () => {
  expect(Object.entries(mergeResources([{ labels: parseResourceLabels('__proto__="x"') }]).labels)).toEqual([['__proto__', 'x']])
})

test('the earlier resource and the first type take precedence', () => {
  expect(mergeResources([{ labels: { a: '1' } }, { type: 'k8s', labels: { a: '2', b: '3' } }, { type: 'host', labels: {} }])).toEqual({
    type: 'k8s',
    labels: { a: '1', b: '3' },
  })
})
