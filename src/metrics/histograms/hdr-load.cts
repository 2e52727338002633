// CommonJS in both builds: `require` is the one way to have a module at once when it is first needed. Its files are taken by
// name: the package as a whole loads its WebAssembly too, which takes eight times as long and does not go with frozen intrinsics.
type Hdr = typeof import('hdr-histogram-js')
type Int32Histogram = Hdr['Int32Histogram']

const TWO_POW_32 = 2 ** 32

/**
 * The class with a faster index. The library computes it by logarithms and powers, which takes most of the time of a record; see
 * bench/metrics/percentiles.bench.js. Values are whole numbers from 0 to 2^53, and the smallest unit is 1.
 */
function withFastIndex(Int32Histogram: Int32Histogram): Int32Histogram {
  return class extends Int32Histogram {
    override countsArrayIndex(value: number): number {
      const magnitude = this.subBucketHalfCountMagnitude
      if (value < TWO_POW_32) {
        const bucket = 31 - Math.clz32(value) - magnitude
        return bucket > 0 ? (bucket << magnitude) + (value >>> bucket) : value
      }
      const high = (value / TWO_POW_32) >>> 0
      const bucket = 63 - Math.clz32(high) - magnitude
      // `>>>` sees the low 32 bits only.
      const leading = bucket < 32 ? (high << (32 - bucket)) + (value >>> bucket) : high >>> (bucket - 32)
      return (bucket << magnitude) + leading
    }
  }
}

let histogram: Int32Histogram | undefined

const loader: {
  /** The histogram, loaded at the first call, because programs without percentiles do not need it. */
  loadHistogram(): Int32Histogram
  /** The text form for histogram logs, with the compression that it needs. */
  loadEncoder(): Hdr['encodeIntoCompressedBase64']
} = {
  loadHistogram: () => {
    histogram ??= withFastIndex(require('hdr-histogram-js/dist/Int32Histogram').default as Int32Histogram)
    return histogram
  },
  loadEncoder: () => {
    require('hdr-histogram-js/dist/JsHistogram.encoding') // gives histograms a method
    return (histogram) => (histogram as unknown as { encodeIntoCompressedBase64(): string }).encodeIntoCompressedBase64()
  },
}

// @ts-expect-error -- `export =` cannot be erased, but a .cts file has no other way to export.
export = loader
