export const LATE: unique symbol = Symbol('late')

/** What `work` gives, or LATE where it takes longer than `timeoutMs`; it then goes on unheard. */
export async function within<T>(work: T | Promise<T>, timeoutMs: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), timeoutMs)
    timer.unref()
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
