import { inspectValue } from '../../base/strings/inspect-value.js'
import { nameClass, TallyscopeError } from '../../base/errors.js'

/** `inject` or `extract` was called with an unknown format. `ERR_OPENTRACING_FORMAT` */
export class UnsupportedFormat extends TallyscopeError {
  static {
    nameClass(this, 'UnsupportedFormat')
  }
  constructor(format: unknown) {
    super('ERR_OPENTRACING_FORMAT', `the format must be 'text_map', 'http_headers' or 'binary', not ${inspectValue(format)}`)
  }
}

/** A carrier does not fit its format. `ERR_OPENTRACING_CARRIER` */
export class InvalidCarrier extends TallyscopeError {
  static {
    nameClass(this, 'InvalidCarrier')
  }
  constructor(format: string, carrier: unknown, what: string) {
    super('ERR_OPENTRACING_CARRIER', `the carrier of '${format}' must be ${what}, not ${inspectValue(carrier)}`)
  }
}

/** A carrier contains an invalid context. Thrown in strict mode only. `ERR_OPENTRACING_CORRUPTED` */
export class SpanContextCorrupted extends TallyscopeError {
  static {
    nameClass(this, 'SpanContextCorrupted')
  }
  constructor(format: string) {
    super('ERR_OPENTRACING_CORRUPTED', `the carrier of '${format}' contains an invalid span context`)
  }
}
