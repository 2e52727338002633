/** Matches `process.argv[1]` of package managers. */
const PACKAGE_MANAGERS = /(?:^|[\\/])(?:(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)(?:-cli)?(?:\.[cm]?js)?|yarn-\d[^\\/]*\.c?js)$/

/**
 * True in a process that only starts the program: a package manager (`npm start`), or the parent of `node --test`. NODE_OPTIONS
 * reaches these too. They are not instrumented, since they would take the port of /metrics from the program.
 */
export function isToolProcess(
  argv: readonly string[] = process.argv,
  execArgv: readonly string[] = process.execArgv,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  if (PACKAGE_MANAGERS.test(argv[1] ?? '')) return true
  const runsTests = execArgv.includes('--test') && env['NODE_TEST_CONTEXT'] === undefined
  return runsTests && !execArgv.some((argument) => /^--(experimental-)?test-isolation=none$/.test(argument))
}
