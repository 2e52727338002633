/** Writes the diagnostic report that Node writes of an uncaught error with `--report-uncaught-exception`, unless a listener handles the error. */
export function reportUncaughtError(error: unknown): void {
  try {
    if (!process.report.reportOnUncaughtException) return
    process.report.writeReport(error instanceof Error ? error : undefined)
  } catch {
    // The process ends with its error.
  }
}
