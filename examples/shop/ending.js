// @ts-check

/**
 * Calls `close` once, when the program has to end: Ctrl-C, SIGTERM, or the end of the npm that started it, whose shell does not
 * hand signals on.
 * @param {() => Promise<void>} close
 */
export function closeAtEnd(close) {
  let isEnding = false
  const end = () => {
    if (isEnding) return
    isEnding = true
    clearInterval(watch)
    void close()
  }
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  const parent = process.ppid
  const watch = setInterval(() => process.env.npm_lifecycle_event !== undefined && process.ppid !== parent && end(), 200)
  watch.unref()
}
