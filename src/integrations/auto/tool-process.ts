import { basename } from 'node:path'

/** Matches the files of package managers. */
const PACKAGE_MANAGERS = /(?:^|\/)(?:(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)(?:-cli)?(?:\.[cm]?js)?|yarn-\d[^/]*\.c?js)$/

/** Other commands that start the program in a process of its own, by their names in a folder such as `node_modules/.bin`. */
const LAUNCHERS: ReadonlySet<string> = new Set([
  ...['pm2', 'pm2-runtime', 'pm2-dev', 'pm2-docker', 'forever', 'nodemon', 'tsx', 'ts-node-dev', 'tsnd', 'nest', 'wireit'],
  ...['cross-env', 'cross-env-shell', 'dotenv', 'dotenvx', 'env-cmd', 'concurrently', 'conc', 'npm-run-all', 'run-p', 'run-s', 'c8', 'nyc'],
])

/** Their files in `node_modules`, of which these names are links. Other files of PM2 and ts-node-dev run the program. */
const LAUNCHER_FILES: readonly string[] = [
  ...['pm2/bin/', 'pm2/lib/Daemon.js', 'pm2/lib/binaries/', 'forever/bin/', 'nodemon/bin/', 'tsx/dist/cli.', 'ts-node-dev/lib/bin.js'],
  ...['@nestjs/cli/bin/', 'wireit/bin/', 'cross-env/dist/bin/', 'cross-env/src/bin/', 'dotenv-cli/cli.js', '@dotenvx/dotenvx/src/cli/'],
  ...['env-cmd/bin/', 'concurrently/dist/bin/', 'npm-run-all/bin/', 'npm-run-all2/bin/', 'c8/bin/', 'nyc/bin/nyc.js'],
]

/**
 * True in a process that only starts the program: a package manager (`npm start`), a process manager (`pm2-runtime`), `tsx`, `next dev`
 * or the parent of `node --test`. NODE_OPTIONS reaches these too. They are not instrumented, since they would take the port of /metrics
 * from the program.
 */
export function isToolProcess(
  argv: readonly string[] = process.argv,
  execArgv: readonly string[] = process.execArgv,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const file = (argv[1] ?? '').replaceAll('\\', '/')
  if (PACKAGE_MANAGERS.test(file) || isLauncher(file) || isNextDev(file, argv[2])) return true
  const runsTests = execArgv.includes('--test') && env['NODE_TEST_CONTEXT'] === undefined
  return runsTests && !execArgv.some((argument) => /^--(experimental-)?test-isolation=none$/.test(argument))
}

function isLauncher(file: string): boolean {
  if (LAUNCHERS.has(basename(file))) return true
  const inPackages = file.slice(file.lastIndexOf('/node_modules/') + '/node_modules/'.length)
  return file.includes('/node_modules/') && LAUNCHER_FILES.some((start) => inPackages.startsWith(start))
}

/** `next dev` is the default command of `next`. `next start` serves the application itself. */
function isNextDev(file: string, command = 'dev'): boolean {
  return command === 'dev' && /\/(?:\.bin\/next|next\/dist\/bin\/next)$/.test(file)
}
