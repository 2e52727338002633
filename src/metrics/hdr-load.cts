// CommonJS in both builds: `require` is the one way to have a module at once when it is first asked for.
type Hdr = typeof import('hdr-histogram-js')

const loader: {
  /** HdrHistogram, loaded by the first who asks: it takes some 80 ms, which programs without percentiles need not pay. */
  loadHdr(): Hdr
} = { loadHdr: () => require('hdr-histogram-js') as Hdr }

// @ts-expect-error -- `export =` cannot be erased, but a .cts file has no other way to export.
export = loader
