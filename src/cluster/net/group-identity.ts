import { createHash } from 'node:crypto'
import { hostname } from 'node:os'

/** The identity of a group, and the kind of facts from which it was derived. */
export interface GroupIdentity {
  readonly kind: 'name' | 'pm2' | 'cluster' | 'process'
  /** 16 hexadecimal digits, which name the folder of the group's sockets. */
  readonly hash: string
}

/** The facts from which the identity is derived. */
export interface ProcessFacts {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly pid: number
  readonly ppid: number
  /** True in a worker of node:cluster. */
  readonly isClusterWorker: boolean
  /** True in a primary that has workers. */
  readonly hasWorkers: boolean
}

/**
 * Returns the group of a process: its name, else the application of PM2, else the primary of node:cluster, else the process alone.
 *
 * PM2 comes before node:cluster: in its cluster mode all applications are workers of one primary, the daemon.
 */
export function groupIdentity(name: string | undefined, facts: ProcessFacts): GroupIdentity {
  if (name !== undefined) return identity('name', name)
  const { env, pid, ppid, isClusterWorker, hasWorkers } = facts
  const { pm_id: pm2Id, PM2_HOME: pm2Home, name: pm2Name, namespace } = env
  if (pm2Id !== undefined && pm2Home !== undefined) return identity('pm2', pm2Home, namespace ?? '', pm2Name ?? pm2Id)
  // Process ids are unique only within a machine or container, and two of these may share the folder for temporary files.
  if (isClusterWorker) return identity('cluster', hostname(), String(ppid))
  return { ...identity('cluster', hostname(), String(pid)), kind: hasWorkers ? 'cluster' : 'process' }
}

function identity(kind: GroupIdentity['kind'], ...parts: string[]): GroupIdentity {
  const hash = createHash('sha256')
    .update(JSON.stringify([kind, ...parts]))
    .digest('hex')
  return { kind, hash: hash.slice(0, 16) }
}
