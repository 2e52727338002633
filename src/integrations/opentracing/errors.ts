import { inspectValue } from '../../base/inspect-value.js'
import { TallyscopeError } from '../../base/errors.js'

/** `inject` or `extract` was called with a format other than the three of OpenTracing. `ERR_OPENTRACING_FORMAT` */
export class UnsupportedFormat extends TallyscopeError {
  constructor(format: unknown) {
    super('ERR_OPENTRACING_FORMAT', `the format is 'text_map', 'http_headers' or 'binary', not ${inspectValue(format)}`)
  }
}

/** A carrier does not fit its format. `ERR_OPENTRACING_CARRIER` */
export class InvalidCarrier extends TallyscopeError {
  constructor(format: string, carrier: unknown, what: string) {
    super('ERR_OPENTRACING_CARRIER', `the carrier of '${format}' is ${what}, not ${inspectValue(carrier)}`)
  }
}

/** A carrier holds a context that is damaged. Thrown in strict mode only. `ERR_OPENTRACING_CORRUPTED` */
export class SpanContextCorrupted extends TallyscopeError {
  constructor(format: string) {
    super('ERR_OPENTRACING_CORRUPTED', `what '${format}' carries is a whole context or none: this one is damaged`)
  }
}
