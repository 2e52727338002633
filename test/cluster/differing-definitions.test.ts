import { expect, test } from 'vitest'
import { timerClock } from '../../src/base/clock.js'
import type { KeeperOptions } from '../../src/cluster/group-data.js'
import type { Keeper } from '../../src/cluster/keeper.js'
import { Member } from '../../src/cluster/member.js'
import { memoryChannels } from '../../src/cluster/net/memory-channel.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { snapshotsOf } from '../../src/metrics/data/snapshot.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { dataWith, keeperWith, turns } from './one-keeper.js'

// Members that define one family differently, as in a rolling deployment, while members end and the keeper changes.

const [OLD, NEW] = [[1, 2], [5]]
/** The clock of rows, so that those of a later process are younger. */
const clock = new ManualClock({ unixMs: 1_000 })
const data = dataWith(timerClock)

/** A process whose histogram has these bounds, and has counted so many values. */
class Process {
  readonly #registry = new MetricRegistry({ clock })
  readonly member: Member
  #cut: () => void = () => {}

  constructor(bounds: readonly number[], count: number) {
    const size = this.#registry.histogram('size', { bounds })
    for (let at = 0; at < count; at++) size.observe(3)
    this.member = new Member(newId(), data, [this.#registry], true)
    clock.advance(1_000)
  }

  async join(keeper: Keeper): Promise<void> {
    const [ours, theirs] = memoryChannels()
    this.#cut = () => ours.destroy()
    keeper.accept(theirs)
    void this.member.join(ours)
    await turns()
  }

  async leave(): Promise<void> {
    await Promise.all([this.member.leave(1_000), turns()])
  }

  /** All rows, as a keeper has them when this process has ended. */
  frames(): Iterable<Uint8Array> {
    return data.changes([this.#registry]).framesNow()
  }

  cut(): void {
    this.#cut()
  }
}

/** The bounds of the histogram on the page, and its count. Undefined if there is no page at the moment. */
async function page(keeper: Keeper): Promise<unknown> {
  await keeper.gather(1_000)
  const [size] = snapshotsOf(keeper.families(), 0)
  const value = size?.timeSeries[0]?.points[0]?.value as { bounds: readonly number[]; count: number } | undefined
  return value && [value.bounds, value.count]
}

/** A keeper that these members join in this order. */
async function keeperOf(processes: readonly Process[], options: Partial<KeeperOptions> = {}): Promise<Keeper> {
  const own = new Member(newId(), data, [], true)
  const keeper = keeperWith(data, { id: own.id, restartOwnRows: () => own.restart(), ...options })
  const [ours, theirs] = memoryChannels()
  keeper.accept(theirs)
  void own.join(ours)
  for (const each of processes) await each.join(keeper)
  return keeper
}

/** The next keeper of the group of these members. */
function nextKeeper(...processes: Process[]): Promise<Keeper> {
  for (const each of processes) each.cut()
  return keeperOf(processes, { isSuccessor: true, expected: processes.map(({ member }) => ({ id: member.id, pid: process.pid })) })
}

test('after the first member has left, its definition is shown while another one has it, with its totals', async () => {
  const [first, second, changed] = [new Process(OLD, 10), new Process(OLD, 5), new Process(NEW, 2)]
  const keeper = await keeperOf([first, second, changed])
  expect(await page(keeper)).toEqual([OLD, 15])
  await first.leave()
  expect(await page(keeper)).toEqual([OLD, 15])
  await second.leave()
  expect(await page(keeper)).toEqual([NEW, 2])
})

test('a definition that comes back is left out while a member has the one that followed it', async () => {
  const [first, changed] = [new Process(OLD, 10), new Process(NEW, 2)]
  const keeper = await keeperOf([first, changed])
  expect(await page(keeper)).toEqual([OLD, 10])
  await first.leave()
  await new Process(OLD, 5).join(keeper)
  expect(await page(keeper)).toEqual([NEW, 2])
  await changed.leave()
  expect(await page(keeper)).toEqual([OLD, 5])
})

test('a new keeper shows the definition of the former one, whichever member rejoins first', async () => {
  const [first, second, changed] = [new Process(OLD, 10), new Process(OLD, 5), new Process(NEW, 2)]
  await keeperOf([first, second, changed])
  for (const order of [
    [changed, second, first],
    [second, changed, first],
    [first, second, changed],
  ]) {
    expect(await page(await nextKeeper(...order))).toEqual([OLD, 15])
  }
})

test('the totals of a former keeper stay if its standby has another definition, and rejoins first', async () => {
  const [former, second, standby] = [new Process(OLD, 10), new Process(OLD, 5), new Process(NEW, 2)]
  standby.member.keepDepartedTotals(former.member.id, newId(), former.frames())
  expect(await page(await nextKeeper(standby, second))).toEqual([OLD, 15])
})
