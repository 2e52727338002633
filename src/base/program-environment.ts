import type { Environment } from './resource.js'

/**
 * The environment variables of the program. In its cluster mode PM2 passes them to a worker as JSON, in the variable `pm2_env`, and sets
 * them only after `--import`.
 */
export function programEnvironment(env: Environment): Environment {
  const text = env['pm2_env']
  if (text === undefined) return env
  try {
    const variables = Object.entries(JSON.parse(text) as object).filter(([, value]) => typeof value !== 'object')
    return { ...env, ...Object.fromEntries(variables.map(([name, value]) => [name, String(value)])) }
  } catch {
    return env
  }
}
