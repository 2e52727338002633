import { type Aggregation, distribution } from '../../stats/views/aggregation.js'

// The bounds of the OpenCensus specification, without the leading 0, whose bucket is always empty.

const HTTP_MS = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 65, 80, 100, 130, 160, 200, 250, 300, 400, 500, 650, 800, 1_000]
const LONG_MS = [2_000, 5_000, 10_000, 20_000, 50_000, 100_000]
const RPC_MS = [0.01, 0.05, 0.1, 0.3, 0.6, 0.8]
const KIB = 1_024
const SIZES = [1, 2, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304].map((kib) => kib * KIB)

/** Bytes, from 1 KiB to 4 GiB. */
export const OPENCENSUS_BYTES: Aggregation = distribution(SIZES)
/** Milliseconds of HTTP requests. */
export const OPENCENSUS_HTTP_MS: Aggregation = distribution([...HTTP_MS, ...LONG_MS])
/** Milliseconds of remote procedure calls. */
export const OPENCENSUS_RPC_MS: Aggregation = distribution([...RPC_MS, ...HTTP_MS, ...LONG_MS])
/** Messages of one call: powers of two. */
export const OPENCENSUS_COUNTS: Aggregation = distribution(Array.from({ length: 17 }, (_, power) => 2 ** power))
