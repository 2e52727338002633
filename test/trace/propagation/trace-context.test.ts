import { describe, expect, test } from 'vitest'
import { getterOf } from '../../../src/trace/propagation/carrier.js'
import { TraceContextPropagator } from '../../../src/trace/propagation/trace-context.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'
import { TraceState } from '../../../src/trace/context/trace-state.js'

const T = '0af7651916cd43dd8448eb211c80319c'
const S = 'b7ad6b7169203331'
const VALID = `00-${T}-${S}-01`
const propagator = new TraceContextPropagator()

const extract = (headers: object) => propagator.extract(getterOf(headers))
const summary = (context: SpanContext | undefined) => context && `${context.traceId}/${context.spanId}/${context.options}`

// Written from https://www.w3.org/TR/trace-context-2/; `undefined` where the header must not be used.
const traceparents: [rule: string, header: unknown, options: number | undefined][] = [
  ['sampled', VALID, 1],
  ['not sampled', `00-${T}-${S}-00`, 0],
  ['the random flag of level 2', `00-${T}-${S}-02`, 2],
  ['sampled and random', `00-${T}-${S}-03`, 3],
  ['unknown flags are not kept', `00-${T}-${S}-ff`, 3],
  ['flags with hex letters', `00-${T}-${S}-0a`, 2],
  ['a later version of the same length', `01-${T}-${S}-01`, 1],
  ['a later version with more fields', `cc-${T}-${S}-01-what-the-future-will-be-like`, 1],
  ['a later version with an empty field', `cc-${T}-${S}-01-`, 1],
  ['a later version with something else than a dash', `cc-${T}-${S}-01.what`, undefined],
  ['a later version with longer flags', `cc-${T}-${S}-011`, undefined],
  ['version ff', `ff-${T}-${S}-01`, undefined],
  ['version FF', `FF-${T}-${S}-01`, undefined],
  ['version 00 with more fields', `${VALID}-`, undefined],
  ['version 00 with more fields after a dash', `${VALID}-extra`, undefined],
  ['a version of one digit', `0-${T}-${S}-01`, undefined],
  ['a version of three digits', `000-${T}-${S}-01`, undefined],
  ['a version that is no hex', `0g-${T}-${S}-01`, undefined],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${S}-01`, undefined],
  ['a span id of zeros', `00-${T}-${'0'.repeat(16)}-01`, undefined],
  ['a trace id in capitals', `00-${T.toUpperCase()}-${S}-01`, undefined],
  ['a span id in capitals', `00-${T}-${S.toUpperCase()}-01`, undefined],
  ['flags in capitals', `00-${T}-${S}-0A`, undefined],
  ['a trace id that is too short', `00-${T.slice(1)}-${S}-01`, undefined],
  ['a trace id that is too long', `00-${T}0-${S}-01`, undefined],
  ['a span id that is too short', `00-${T}-${S.slice(1)}-01`, undefined],
  ['a span id that is too long', `00-${T}-${S}0-01`, undefined],
  ['a trace id that is no hex', `00-g${T.slice(1)}-${S}-01`, undefined],
  ['a span id that is no hex', `00-${T}-.${S.slice(1)}-01`, undefined],
  ['a letter of another alphabet that looks like a digit in its low bits', `00-\u0130${T.slice(1)}-${S}-01`, undefined],
  ['flags of one digit', `00-${T}-${S}-1`, undefined],
  ['flags of three digits', `00-${T}-${S}-001`, undefined],
  ['flags that are no hex', `00-${T}-${S}-0x`, undefined],
  ['underscores', VALID.replaceAll('-', '_'), undefined],
  ['a missing dash', `00${T}-${S}-01-`, undefined],
  ['blanks around', `  ${VALID}\t`, 1],
  ['blanks inside', `00- ${T}-${S}-01`, undefined],
  ['nothing', '', undefined],
  ['only blanks', '   ', undefined],
  ['two headers', [VALID, VALID], undefined],
  ['two headers joined', `${VALID},${VALID}`, undefined],
  ['an array of one', [VALID], 1],
  ['a number', 42, undefined],
  ['null', null, undefined],
  ['an object', { toString: () => VALID }, undefined],
]

describe('traceparent', () => {
  for (const [rule, header, options] of traceparents) {
    test(`${rule}: ${options === undefined ? 'a new trace' : 'continued'}`, () => {
      expect(summary(extract({ traceparent: header }))).toBe(options === undefined ? undefined : `${T}/${S}/${options}`)
    })
  }
})

const members = (count: number) => Array.from({ length: count }, (_, at) => `k${at}=${at}`).join(',')
const key = (length: number) => 'k'.repeat(length)

// `undefined` where the tracestate is dropped as a whole; the parent is kept each time.
const tracestates: [rule: string, header: unknown, kept: string | undefined][] = [
  ['one member', 'congo=t61rcWkgMzE', 'congo=t61rcWkgMzE'],
  ['two members keep their order', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
  ['several headers are one list', ['rojo=1', 'congo=2,sid=3'], 'rojo=1,congo=2,sid=3'],
  ['blanks and tabs around members', 'rojo=1 \t,\t congo=2', 'rojo=1,congo=2'],
  ['a blank that begins a value belongs to it', 'rojo= 1', 'rojo= 1'],
  ['empty members are passed over', 'rojo=1,,congo=2,', 'rojo=1,congo=2'],
  ['nothing', '', undefined],
  ['only commas', ',,,', undefined],
  ['32 members', members(32), members(32)],
  ['33 members', members(33), undefined],
  ['512 characters', `a=${'x'.repeat(256)},b=${'y'.repeat(251)}`, `a=${'x'.repeat(256)},b=${'y'.repeat(251)}`],
  ['513 characters lose the last long member', `a=${'x'.repeat(256)},b=${'y'.repeat(252)}`, `a=${'x'.repeat(256)}`],
  [
    'more than 512 characters lose a member of 129 characters before shorter ones',
    `a=${'x'.repeat(127)},b=${'y'.repeat(126)},c=${'z'.repeat(126)},d=${'w'.repeat(126)}`,
    `b=${'y'.repeat(126)},c=${'z'.repeat(126)},d=${'w'.repeat(126)}`,
  ],
  [
    'more than 512 characters of short members lose the last ones',
    ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}=${'x'.repeat(126)}`).join(','),
    ['a', 'b', 'c'].map((name) => `${name}=${'x'.repeat(126)}`).join(','),
  ],
  ['more than 512 characters with a damaged member', `a=${'x'.repeat(256)},b=${'y'.repeat(252)},=`, undefined],
  ['blanks do not count', `a=${'x'.repeat(200)},${' '.repeat(300)}b=1`, `a=${'x'.repeat(200)},b=1`],
  ['20 000 characters', `${' '.repeat(20_000)}a=1`, undefined],
  ['of a doubled key the first', 'rojo=1,congo=2,rojo=3', 'rojo=1,congo=2'],
  ['33 members with doubled keys', `${members(32)},${members(1)}`, undefined],
  ['a key with every sign', 'a0_-*/=1', 'a0_-*/=1'],
  ['a key of 256 characters', `${key(256)}=1`, `${key(256)}=1`],
  ['a key of 257 characters', `${key(257)}=1`, undefined],
  ['a key in capitals', 'Rojo=1', undefined],
  ['a key that begins with a digit', '1rojo=1', '1rojo=1'],
  ['a key that begins with a sign', '_rojo=1', undefined],
  ['a key that begins with an at sign', '@rojo=1', undefined],
  ['an empty key', '=1', undefined],
  ['a key with a dot', 'ro.jo=1', undefined],
  ['a tenant that begins with a digit', '0tenant@vendor=1', '0tenant@vendor=1'],
  ['a tenant of 241 characters', `${key(241)}@v=1`, `${key(241)}@v=1`],
  ['a tenant of 242 characters', `${key(242)}@v=1`, `${key(242)}@v=1`],
  ['a vendor of 14 characters', `t@${key(14)}=1`, `t@${key(14)}=1`],
  ['a vendor of 15 characters', `t@${key(15)}=1`, `t@${key(15)}=1`],
  ['a vendor that begins with a digit', 't@1v=1', 't@1v=1'],
  ['no vendor', 't@=1', 't@=1'],
  ['two at signs', 't@v@w=1', 't@v@w=1'],
  ['no value', 'rojo=', undefined],
  ['no equals sign', 'rojo', undefined],
  ['two equals signs', 'rojo=1=2', undefined],
  ['a value of 256 characters', `rojo=${'x'.repeat(256)}`, `rojo=${'x'.repeat(256)}`],
  ['a value of 257 characters', `rojo=${'x'.repeat(257)}`, undefined],
  ['a value with a control character', 'rojo=a\u0001b', undefined],
  ['a value that is not ASCII', 'rojo=é', undefined],
  ['every printable sign in a value', 'rojo=!"#$%&\'()*+-./:;<>?@[\\]^_`{|}~', 'rojo=!"#$%&\'()*+-./:;<>?@[\\]^_`{|}~'],
  ['a number', 42, undefined],
]

describe('tracestate', () => {
  for (const [rule, header, kept] of tracestates) {
    test(`${rule}: ${kept === undefined ? 'dropped' : 'kept'}`, () => {
      const context = extract({ traceparent: VALID, tracestate: header })
      expect(summary(context)).toBe(`${T}/${S}/1`)
      expect(context?.traceState?.toString()).toBe(kept)
    })
  }

  test('is ignored if the traceparent is invalid', () => {
    const read: string[] = []
    propagator.extract((name) => {
      read.push(name)
      return name === 'traceparent' ? 'garbage' : 'rojo=1'
    })
    expect(read).toEqual(['traceparent'])
  })
})

describe('inject', () => {
  const inject = (context: SpanContext) => {
    const headers: Record<string, string> = {}
    propagator.inject(context, (name, value) => {
      headers[name] = value
    })
    return headers
  }

  test('writes version 00 and two flags', () => {
    expect(inject(new SpanContext({ traceId: T, spanId: S, options: 0xff }))).toEqual({ traceparent: `00-${T}-${S}-03` })
    expect(inject(new SpanContext({ traceId: T, spanId: S }))).toEqual({ traceparent: `00-${T}-${S}-00` })
  })

  test('writes the tracestate if there is one', () => {
    const context = new SpanContext({ traceId: T, spanId: S, traceState: 'rojo=1, congo=2' })
    expect(inject(context)).toEqual({ traceparent: `00-${T}-${S}-00`, tracestate: 'rojo=1,congo=2' })
  })

  test('writes nothing without a span id', () => {
    expect(inject(new SpanContext({ traceId: T }))).toEqual({})
  })
})

describe('a tracestate with a member set', () => {
  const set = (text: string, key: string, value: string) => TraceState.parse(text)!.set(key, value).toString()

  test('drops its last members beyond 512 characters, which its reader would refuse as a whole', () => {
    expect(set(`a=${'x'.repeat(250)},b=1,c=${'y'.repeat(250)}`, 'd', '1')).toBe(`d=1,a=${'x'.repeat(250)},b=1`)
    expect(set(`a=${'x'.repeat(256)},b=${'y'.repeat(247)}`, 'd', '1')).toHaveLength(512)
    expect(set(`a=${'x'.repeat(256)},b=${'y'.repeat(248)}`, 'd', '1')).toBe(`d=1,a=${'x'.repeat(256)}`)
  })

  test('stays as it is if the member alone is too long', () => {
    expect(set('a=1', 'k'.repeat(255), 'x'.repeat(256))).toHaveLength(512)
    expect(set('a=1', 'k'.repeat(256), 'x'.repeat(256))).toBe('a=1')
  })
})
