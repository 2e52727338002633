/** What the heap holds once it is collected. Needs `--expose-gc`, which the tests have. */
const heapBytes = (): number => {
  global.gc!()
  global.gc!() // keys of objects are collected after the shapes of these
  return process.memoryUsage().heapUsed
}
/** A text of 1 MB in one piece; a few bytes more, and Node would not have it on the heap. */
export const megabyte = (n: number): string => Buffer.alloc(1_000_000, `request ${n} of many `).toString('latin1')

/** How much memory stays in use for what `keep` keeps of 20 texts. */
export function keptBytes(keep: (text: string) => unknown, text: (n: number) => string = megabyte): number {
  const kept: unknown[] = []
  const before = heapBytes()
  for (let n = 0; n < 20; n++) kept.push(keep(text(n)))
  const after = heapBytes()
  return kept.length === 20 ? after - before : 0
}
