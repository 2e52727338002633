import { fc } from '../../../fast-check.js'
import { expect, test } from 'vitest'
import type { Encoder } from '../../../../src/exporters/prometheus/format/encoder.js'
import { negotiateFormat, prefersGzip } from '../../../../src/exporters/prometheus/http/negotiation.js'
import { openMetricsEncoder } from '../../../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../../../src/exporters/prometheus/format/text-encoder.js'

const offers: [Encoder, ...Encoder[]] = [textEncoder, openMetricsEncoder(), protobufEncoder]
const TEXT = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const OPEN_METRICS_DRAFT = 'application/openmetrics-text; version=0.0.1; charset=utf-8'
const PROTOBUF = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'

/** Each case: an Accept header and the content type of the answer. */
function check(cases: Record<string, string>): void {
  for (const [accept, contentType] of Object.entries(cases)) expect(negotiateFormat(accept, offers).contentType, accept).toBe(contentType)
}

test('scrapers get their preferred format', () => {
  check({
    // Prometheus 2.30
    'application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1': OPEN_METRICS_DRAFT,
    // Prometheus 2.42
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1':
      OPEN_METRICS,
    // with native histograms
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1':
      PROTOBUF,
    // Prometheus 3
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2': `${OPEN_METRICS}; escaping=allow-utf-8`,
    // VictoriaMetrics, curl, a browser
    'text/plain;version=0.0.4;q=1,*/*;q=0.1': TEXT,
    '*/*': TEXT,
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8': TEXT,
  })
})

test('weights decide, then the order', () => {
  check({
    'text/plain;q=0.1,application/openmetrics-text;q=0.2': OPEN_METRICS,
    'text/plain;q=0.2,application/openmetrics-text;q=0.1': TEXT,
    'application/openmetrics-text,text/plain': OPEN_METRICS,
    'text/plain,application/openmetrics-text': TEXT,
    'text/plain;q=0.5,application/openmetrics-text;q=0': TEXT,
    'application/openmetrics-text;q=0.000': TEXT,
    'text/plain;q=0.9,application/openmetrics-text;q=1.000': OPEN_METRICS,
  })
})

test('a range covers only the formats of its type, and none that the header ranks lower by name', () => {
  check({ 'application/*': OPEN_METRICS, 'text/*': TEXT, 'image/*': TEXT })
  check({
    'text/plain;q=0.1,*/*;q=0.9': OPEN_METRICS,
    'text/plain;q=0,*/*': OPEN_METRICS,
    '*/*,text/plain': TEXT,
    '*/*;q=0.1,text/plain;q=0.9': TEXT,
    'text/*;version=1.0.0': TEXT,
  })
  expect(negotiateFormat('text/*', [openMetricsEncoder(), textEncoder]).contentType).toBe(TEXT)
  expect(negotiateFormat('application/openmetrics-text;q=0,*/*', [openMetricsEncoder(), textEncoder]).contentType).toBe(TEXT)
})

test('a clause with an invalid weight is ignored', () => {
  for (const q of ['2', '-1', '0.1234', 'x', '', '1.001', '.5', '1e0', 'NaN', 'Infinity', '0,9']) {
    check({ [`application/openmetrics-text;q=${q}`]: TEXT })
  }
})

test('case and quotes are ignored', () => {
  check({
    'APPLICATION/OpenMetrics-Text; VERSION="1.0.0" ; Q=0.5': OPEN_METRICS,
    'application/openmetrics-text;version="1.0\\.0"': OPEN_METRICS,
    'application/vnd.google.protobuf; PROTO="io.prometheus.client.metricfamily"; encoding=Delimited': PROTOBUF,
    'application/openmetrics-text;x="a,b;c";version=1.0.0': OPEN_METRICS,
  })
})

test('only supported versions are selected', () => {
  check({
    'application/openmetrics-text': OPEN_METRICS,
    'application/openmetrics-text;version=0.0.1': OPEN_METRICS_DRAFT,
    'application/openmetrics-text;version=0.0.1;q=0.9,application/openmetrics-text;version=1.0.0': OPEN_METRICS,
    'application/openmetrics-text;version=99.0.0': TEXT,
    'application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.5': OPEN_METRICS,
    'text/plain;version=1.0.0,application/openmetrics-text;q=0.1': OPEN_METRICS,
    'application/vnd.google.protobuf': TEXT,
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily': TEXT,
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text': TEXT,
    'application/vnd.google.protobuf;proto=x;encoding=delimited': TEXT,
  })
})

test('a known escaping scheme is echoed, others are ignored', () => {
  const answer = (scheme: string): string => negotiateFormat(`application/openmetrics-text;escaping=${scheme}`, offers).contentType
  for (const scheme of ['allow-utf-8', 'underscores', 'values']) expect(answer(scheme)).toBe(`${OPEN_METRICS}; escaping=${scheme}`)
  for (const scheme of ['dots', 'x', '"values\r\nSet-Cookie: a"', '"a;b"']) expect(answer(scheme)).toBe(OPEN_METRICS)
})

test('any Accept header selects a format, in time linear in its length', () => {
  const { contentType } = negotiateFormat(undefined, offers)
  expect(contentType).toBe(TEXT)
  const junk = [
    '',
    ',',
    ';',
    '=',
    '"',
    '/',
    '*',
    ';q=',
    'text/plain;"',
    '"'.repeat(15_000),
    ';'.repeat(15_000),
    'a/b;q=0.5,'.repeat(1_500),
    '\u00ff',
  ]
  for (const accept of junk) check({ [accept]: TEXT })
  const known = [TEXT, OPEN_METRICS, PROTOBUF]
  const part = fc.constantFrom(
    ',',
    ';',
    '"',
    '\\',
    '=',
    'q',
    'q=0.5',
    'version',
    '1.0.0',
    'text/plain',
    'application/openmetrics-text',
    '*/*',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 100 }), (parts) =>
      known.includes(negotiateFormat(parts.join(''), offers).contentType),
    ),
  )
})

test('gzip is sent if its weight is at least that of identity', () => {
  const expected: Record<string, boolean> = {
    gzip: true,
    'GZIP;q=0.5': true,
    'x-gzip': true,
    'deflate, gzip;q=1.0, *;q=0.5': true,
    '*': true,
    'gzip;q=0': false,
    'gzip;q=0, *': false,
    identity: false,
    'identity, gzip;q=0.5': false,
    'identity;q=0.5, gzip': true,
    '*;q=0': false,
    'gzip;q=junk': false,
    br: false,
    '': false,
  }
  for (const [header, gzip] of Object.entries(expected)) expect(prefersGzip(header), header).toBe(gzip)
  expect(prefersGzip(undefined)).toBe(false)
})
