import { checkNumber, checkOptions, type OptionNames, optionNames } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import { MAX_SCHEMA, MIN_SCHEMA } from './exponential-bounds.js'

export interface ExponentialOptions {
  /** Maximum number of buckets of both signs in a row, 2 … 10 000. Beyond it, neighbouring buckets are merged. Default 160. */
  readonly maxBuckets?: number
  /** Initial resolution, -4 … 8: 2^schema buckets for each power of two. Default 3: each bound is 9 % greater than the one before. */
  readonly schema?: number
  /**
   * Ratio of a bound to the one before, above 1, as an alternative to `schema`. The coarsest schema with at most this ratio is used.
   * Default: `schema`.
   */
  readonly growthFactor?: number
  /** Values from -zeroThreshold to zeroThreshold share one bucket. Default 2^-128. */
  readonly zeroThreshold?: number
  /**
   * Limit to which the zero bucket may be widened if there are too many buckets, before the resolution is lowered. Default 2^-40, which is
   * about 1e-12.
   */
  readonly maxZeroThreshold?: number
}

export const EXPONENTIAL_OPTIONS: OptionNames<ExponentialOptions> = optionNames(
  'maxBuckets schema growthFactor zeroThreshold maxZeroThreshold',
)

export type ExponentialSettings = Required<Omit<ExponentialOptions, 'growthFactor'>>

const CODE = 'ERR_EXPONENTIAL'

/**
 * Checks the options of exponential buckets, and adds defaults.
 * @throws {@link DefinitionError} `ERR_EXPONENTIAL` if one is out of range, or both `schema` and `growthFactor` are given.
 */
export function exponentialSettings(options: ExponentialOptions = {}): ExponentialSettings {
  checkOptions('exponential', options, EXPONENTIAL_OPTIONS)
  const { maxBuckets = 160, schema, growthFactor, zeroThreshold = 2 ** -128 } = options
  if (schema !== undefined && growthFactor !== undefined) {
    throw new DefinitionError(CODE, `a schema or a growth factor can be given, not both: they are ${schema} and ${growthFactor}`)
  }
  checkNumber(CODE, 'zeroThreshold', zeroThreshold, { min: 0, max: Number.MAX_VALUE })
  const maxZeroThreshold = options.maxZeroThreshold ?? Math.max(zeroThreshold, 2 ** -40)
  return {
    maxBuckets: checkNumber(CODE, 'maxBuckets', maxBuckets, { min: 2, max: 10_000, integer: true }),
    schema:
      growthFactor === undefined
        ? checkNumber(CODE, 'schema', schema ?? 3, { min: MIN_SCHEMA, max: MAX_SCHEMA, integer: true })
        : schemaFor(growthFactor),
    zeroThreshold,
    maxZeroThreshold: checkNumber(CODE, 'maxZeroThreshold', maxZeroThreshold, { min: zeroThreshold, max: Number.MAX_VALUE }),
  }
}

/** Default bounds for formats without exponential buckets: powers of four from about 1e-6 to 1e9. */
export const DERIVED_BOUNDS: readonly number[] = Object.freeze(Array.from({ length: 26 }, (_, i) => 4 ** (i - 10)))

function schemaFor(growthFactor: number): number {
  checkNumber(CODE, 'growthFactor', growthFactor, { min: 1 + 2 ** -20, max: Number.MAX_VALUE })
  const schema = 0 - Math.floor(Math.log2(Math.log2(growthFactor)))
  return Math.min(Math.max(schema, MIN_SCHEMA), MAX_SCHEMA)
}
