import cluster from 'node:cluster'
import { isMainThread } from 'node:worker_threads'
import { checkOptions, type OptionNames, optionNames } from '../base/check-options.js'
import { type Clock, timerClock } from '../base/clock.js'
import { DefinitionError } from '../base/errors.js'
import { inspectValue } from '../base/strings/inspect-value.js'
import { keepLastAtExit } from '../base/process-end.js'
import { warnOnce } from '../base/logger.js'
import { errorText } from '../base/rate-limited-log.js'
import { processGlobal } from '../base/process-global.js'
import { programEnvironment } from '../base/program-environment.js'
import { checkProducers } from '../metrics/collection/gather.js'
import { selfMetrics } from '../metrics/collection/internal-metrics-producer.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import { knownProducer, sharedStats } from './member-producer.js'
import { groupData } from './engine-data.js'
import { type GroupLimits, readGroupLimits } from './group-limits.js'
import { Member } from './member.js'
import { Membership } from './membership.js'
import { MetricGroup } from './metric-group.js'
import { type GroupFolder, openGroupFolder } from './net/group-folder.js'
import { type GroupIdentity, groupIdentity } from './net/group-identity.js'
import { answerThreads, type GroupAddress, MainThreadGroup } from './net/thread-group.js'
import { newId } from './net/new-id.js'

export interface ShareMetricsOptions {
  /**
   * The name of the group. Processes of one user with the same name form a group. Default: the application of PM2, or the primary of
   * node:cluster, otherwise the process alone.
   */
  readonly name?: string
  /** Producers of this process. Default: `stats`, and the library's metrics about itself. */
  readonly producers?: readonly MetricProducer[]
  /** Names of families that have a row for each member, with a label `member`; `*` stands for any characters. Default: none. */
  readonly perMember?: readonly string[]
  /**
   * A folder for the sockets of the group. Every process that may write to it may join. Default: one in the folder for temporary files,
   * for this user alone.
   */
  readonly folder?: string
  /** Limits of members, definitions and rows. Default: 256 members, 100 000 rows of each and of all merged. */
  readonly limits?: GroupLimits
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<ShareMetricsOptions> = optionNames('name producers perMember folder limits clock')

const MAX_NAME = 256

/** The groups of this process by hash. All copies of the package share this map, so that together they are one member. */
const groups = processGlobal('metric-groups', () => new Map<string, MetricGroup>())

/**
 * Makes this process a member of its group. Write the same line in the primary, in each worker and in each thread, in any order. A
 * second call in one process returns the same group and adds its producers.
 *
 * @throws {@link DefinitionError} `ERR_GROUP_OPTION`, `ERR_OPTION`, `ERR_PRODUCER` for options that cannot be used.
 * @throws {@link TallyscopeError} `ERR_GROUP_FOLDER` if the folder for its sockets cannot be used.
 * @example
 * const group = shareMetrics()
 * await serveMetrics({ group })
 */
export function shareMetrics(options: ShareMetricsOptions = {}): MetricGroup {
  const checked = checkedOptions(options)
  const identity = identityOf(checked.name)
  const existing = groups.get(identity.hash)
  if (existing === undefined) return newGroup(identity, checked)
  for (const producer of checked.producers ?? []) existing.add(producer)
  return existing
}

type CheckedOptions = ReturnType<typeof checkedOptions>

function checkedOptions(options: ShareMetricsOptions) {
  checkOptions('shareMetrics', options, OPTIONS)
  const { name, producers, perMember = [], folder, clock = timerClock } = options
  if (name !== undefined && (typeof name !== 'string' || name === '' || name.length > MAX_NAME)) {
    throw new DefinitionError('ERR_GROUP_OPTION', `name must be a string of 1 to ${MAX_NAME} characters: it is ${inspectValue(name)}`)
  }
  if (!Array.isArray(perMember) || !perMember.every((pattern) => typeof pattern === 'string')) {
    throw new DefinitionError('ERR_GROUP_OPTION', `perMember must be names of families: it is ${inspectValue(perMember)}`)
  }
  if (producers !== undefined) checkProducers(producers)
  return { name, producers, perMember, folder, clock, limits: readGroupLimits(options.limits) }
}

function newGroup({ hash, kind }: GroupIdentity, { name, producers, perMember, folder, clock, limits }: CheckedOptions): MetricGroup {
  const isAlone = kind === 'process' && isMainThread && folder === undefined
  const all = producers?.map(knownProducer) ?? [sharedStats, selfMetrics()]
  const data = groupData({ limits, perMember, clock })
  const member = new Member(newId(), data, all, isMainThread)
  // A thread cannot find out which primary its process belongs to. The main thread sends it the folder.
  const main = !isMainThread && (kind === 'process' || kind === 'cluster') ? new MainThreadGroup() : undefined
  const groupFolder = isAlone || main !== undefined ? undefined : openGroupFolder(hash, folder)
  const findFolder = main && (async (signal: AbortSignal) => folderOf(await main.find(signal), folder))
  const membership = new Membership({ member, data, folder: groupFolder, findFolder, maxMembers: limits.members })
  const open = (): boolean => !isAlone || openToOthers(membership, hash)
  const stopAnswering = isMainThread && name === undefined ? answerThreads({ hash, folder }, open) : undefined
  const flush = (): void => membership.flushSync()
  const stopStayingLast = keepLastAtExit(flush)
  const group = new MetricGroup(member, membership, clock, all.some(isSelfMetrics), () => {
    process.off('exit', flush)
    stopStayingLast()
    cluster.off('fork', open)
    stopAnswering?.()
    main?.close()
    groups.delete(hash)
  })
  groups.set(hash, group)
  process.on('exit', flush)
  membership.start()
  if (isAlone) cluster.once('fork', open)
  return group
}

/** Lets others join when the process has its first worker or thread. Returns false if that fails. */
function openToOthers(membership: Membership, hash: string): boolean {
  try {
    membership.open(openGroupFolder(hash))
    return true
  } catch (error) {
    warnOnce('TALLYSCOPE_GROUP', 'folder', `workers and threads cannot share their metrics: ${errorText(error)}`)
    return false
  }
}

const folderOf = ({ hash, folder }: GroupAddress, given: string | undefined): GroupFolder => openGroupFolder(hash, given ?? folder)

const isSelfMetrics = ({ name }: MetricProducer): boolean => name === 'selfMetrics'

function identityOf(name: string | undefined): GroupIdentity {
  const { pid, ppid } = process
  const env = programEnvironment(process.env)
  const hasWorkers = Object.keys(cluster.workers ?? {}).length > 0
  return groupIdentity(name, { env, pid, ppid, isClusterWorker: cluster.isWorker, hasWorkers })
}
