import { timerClock } from '../../src/base/clock.js'
import { DEFAULT_DATA_LIMITS } from '../../src/cluster/frames/contributor.js'
import { groupData } from '../../src/cluster/engine-data.js'
import { Member } from '../../src/cluster/member.js'
import { Membership } from '../../src/cluster/membership.js'
import { openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { isRowSource } from '../../src/metrics/data/row-source.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'

/** A member of a group, over real sockets in a folder of the test. Its rows are those of a counter. */
export class SocketMember {
  readonly registry = new MetricRegistry()
  readonly hits = this.registry.counter('hits', { labelKeys: ['kind'] })
  readonly member: Member
  readonly membership: Membership

  constructor(hash: string, folder: string) {
    const data = groupData({ limits: DEFAULT_DATA_LIMITS, perMember: [], clock: timerClock })
    this.member = new Member(newId(), data, [this.registry], true)
    this.membership = new Membership({ member: this.member, data, folder: openGroupFolder(hash, folder), maxMembers: 256 })
    this.membership.start()
  }

  /** The hits of the whole group. */
  async total(): Promise<number> {
    let total = 0
    for (const family of await this.membership.families(4_000)) {
      if (!isRowSource(family)) continue
      for (const chunk of family.chunks) for (let cell = 0; cell < chunk.size; cell++) if (chunk.isLive(cell)) total += chunk.value(cell)
    }
    return total
  }
}
