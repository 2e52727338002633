// CommonJS in both builds: `require` is the one way to have a module at once when it is first needed. Its files are taken by
// name: the package as a whole loads its WebAssembly too, which takes eight times as long and does not go with frozen intrinsics.
type Hdr = typeof import('hdr-histogram-js')

const loader: {
  /** The histogram, loaded by the first who asks: programs without percentiles need not pay for it. */
  loadHistogram(): Hdr['Int32Histogram']
  /** The text form for histogram logs, with the compression that it needs. */
  loadEncoder(): Hdr['encodeIntoCompressedBase64']
} = {
  loadHistogram: () => require('hdr-histogram-js/dist/Int32Histogram').default as Hdr['Int32Histogram'],
  loadEncoder: () => {
    require('hdr-histogram-js/dist/JsHistogram.encoding') // gives histograms a method
    return (histogram) => (histogram as unknown as { encodeIntoCompressedBase64(): string }).encodeIntoCompressedBase64()
  },
}

// @ts-expect-error -- `export =` cannot be erased, but a .cts file has no other way to export.
export = loader
