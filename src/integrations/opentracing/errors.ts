import { TallyscopeError } from '../../base/errors.js'

/** `inject` or `extract` was called with a format other than the three of OpenTracing. `ERR_OPENTRACING_FORMAT` */
export class UnsupportedFormat extends TallyscopeError {
  constructor(format: unknown) {
    super('ERR_OPENTRACING_FORMAT', `the format is 'text_map', 'http_headers' or 'binary', not ${shown(format)}`)
  }
}

/** A carrier does not fit its format. `ERR_OPENTRACING_CARRIER` */
export class InvalidCarrier extends TallyscopeError {
  constructor(format: string, carrier: unknown, what: string) {
    super('ERR_OPENTRACING_CARRIER', `the carrier of '${format}' is ${what}, not ${shown(carrier)}`)
  }
}

/** A carrier holds a context that is damaged. Thrown in strict mode only. `ERR_OPENTRACING_CORRUPTED` */
export class SpanContextCorrupted extends TallyscopeError {
  constructor(format: string) {
    super('ERR_OPENTRACING_CORRUPTED', `what '${format}' carries is a whole context or none: this one is damaged`)
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`
  return value === null ? 'null' : typeof value
}
