import { errorCode } from '../../base/errors.js'
import { shortPause } from '../../base/timer.js'
/** Sends packets to one destination. */
export interface PacketSender {
  /**
   * Sends the packets in order, and waits until the kernel has accepted all of them. Never rejects.
   * @returns for each packet its error, or undefined if it was sent.
   */
  send(packets: readonly Buffer[]): Promise<readonly unknown[]>
  /** Closes the connection. Running calls fail, and the next call opens a new one. */
  reset(): void
}

/** True if the packet is larger than the transport allows, so that a retry is useless. */
export function isTooLarge(fault: unknown): boolean {
  return errorCode(fault) === 'EMSGSIZE'
}

/** True if a buffer of the kernel is full, so that a retry may succeed after a short delay. */
export function isCongestion(fault: unknown): boolean {
  const code = errorCode(fault)
  return code === 'EAGAIN' || code === 'ENOBUFS' || code === 'EWOULDBLOCK'
}

const RETRY_DELAY_MS = 10
const MAX_RETRIES = 20

/**
 * Sends packets, and retries those for which the kernel's buffer was full.
 * @param sendOnce Sends packets and returns their errors in the same order.
 */
export async function sendThroughCongestion(
  packets: readonly Buffer[],
  sendOnce: (packets: readonly Buffer[]) => Promise<readonly unknown[]>,
): Promise<readonly unknown[]> {
  const faults: unknown[] = [...(await sendOnce(packets))]
  for (let retry = 0; retry < MAX_RETRIES; retry++) {
    const again = [...faults.keys()].filter((at) => isCongestion(faults[at]))
    if (again.length === 0) break
    await shortPause(RETRY_DELAY_MS)
    const next = await sendOnce(again.map((at) => packets[at]!))
    for (const [i, at] of again.entries()) faults[at] = next[i]
  }
  return faults
}
