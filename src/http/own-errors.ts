import type { Socket } from 'node:net'

/** True for an error by which the program destroyed a connection. Those of the connection, of HTTP and of its time-outs are the client's. */
export function isOwnError(error: Error | null | undefined): boolean {
  const { code = '', syscall } = (error ?? {}) as NodeJS.ErrnoException
  return error != null && syscall === undefined && !/^(HPE_|ERR_HTTP|ERR_SSL|ECONNRESET|EPIPE)/.test(code)
}

/** True if the connection failed, other than by an error of the program. */
export function isBroken(socket: Socket | null | undefined): boolean {
  return socket?.errored != null && !isOwnError(socket.errored)
}
