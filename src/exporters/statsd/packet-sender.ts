/** Sends packets to one place. */
export interface PacketSender {
  /**
   * Sends the packets in order, and waits until the kernel has taken all of them. Never rejects.
   * @returns for each packet what went wrong, or undefined. A packet without a fault is not sent again.
   */
  send(packets: readonly Buffer[]): Promise<readonly unknown[]>
  /** Drops the connection: what is under way ends with a fault, and the next call begins anew. */
  reset(): void
}

/** The code of a fault, such as `ECONNREFUSED`. */
export function faultCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

/** A fault of the packet itself, which is too large for the way: trying again is no use. */
export function isTooLarge(fault: unknown): boolean {
  return faultCode(fault) === 'EMSGSIZE'
}

/** The kernel's buffer is full: a short pause helps. */
export function isCongestion(fault: unknown): boolean {
  const code = faultCode(fault)
  return code === 'EAGAIN' || code === 'ENOBUFS' || code === 'EWOULDBLOCK'
}

const PAUSE_MS = 10
const MAX_PAUSES = 20

/**
 * Sends packets, and again those for which the kernel had no room, after a pause.
 * @param sendOnce Sends the packets of these numbers and returns their faults in the same order.
 */
export async function sendThroughCongestion(
  packets: readonly Buffer[],
  sendOnce: (packets: readonly Buffer[]) => Promise<readonly unknown[]>,
): Promise<readonly unknown[]> {
  const faults: unknown[] = [...(await sendOnce(packets))]
  for (let pauses = 0; pauses < MAX_PAUSES; pauses++) {
    const again = [...faults.keys()].filter((at) => isCongestion(faults[at]))
    if (again.length === 0) break
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    const next = await sendOnce(again.map((at) => packets[at]!))
    for (const [i, at] of again.entries()) faults[at] = next[i]
  }
  return faults
}
