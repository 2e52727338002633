// @ts-check

/**
 * Calls `close` once, when the program is asked to end: Ctrl-C, SIGTERM, or the end of the npm that started it, whose shell does not
 * hand signals on.
 * @param {() => Promise<void>} close
 */
export function closeWhenAsked(close) {
  let asked = false
  const ask = () => {
    if (asked) return
    asked = true
    clearInterval(watch)
    void close()
  }
  process.on('SIGINT', ask)
  process.on('SIGTERM', ask)
  const parent = process.ppid
  const watch = setInterval(() => process.env.npm_lifecycle_event !== undefined && process.ppid !== parent && ask(), 200)
  watch.unref()
}
