import http, { type Agent, type ClientRequest } from 'node:http'
import https from 'node:https'
import type { NodeRequests } from './node-requests.js'

type AddRequest = (request: ClientRequest, ...rest: readonly unknown[]) => unknown

/** The methods of agents that were wrapped, so that an agent is wrapped once and its method can be put back. */
const wrapped = new WeakMap<Agent, () => void>()

/**
 * Lets an agent show its requests when they are made and their headers can still be set. It stays the same object, so that its
 * limits, settings and events go on working. Returns what puts its method back.
 */
export function traceAgent(agent: Agent, requests: NodeRequests): () => void {
  const before = wrapped.get(agent)
  if (before !== undefined) return before
  const traced = agent as Agent & { addRequest: AddRequest }
  const own = Object.getOwnPropertyDescriptor(traced, 'addRequest')
  const { addRequest } = traced
  const method = function (this: Agent, request: ClientRequest, ...rest: readonly unknown[]): unknown {
    requests.created(request)
    return addRequest.call(this, request, ...rest)
  }
  Object.defineProperty(traced, 'addRequest', { value: method, configurable: true, writable: true })
  const undo = (): void => {
    if (wrapped.get(agent) !== undo || traced.addRequest !== method) return
    wrapped.delete(agent)
    if (own === undefined) Reflect.deleteProperty(traced, 'addRequest')
    else Object.defineProperty(traced, 'addRequest', own)
  }
  wrapped.set(agent, undo)
  return undo
}

/** True if Node publishes requests when they are made, so that no agent is needed. */
export function publishesCreation(version: string = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12)
}

/** Does so for `http.globalAgent` and `https.globalAgent`. Returns what undoes it. */
export function traceGlobalAgents(requests: NodeRequests): () => void {
  const undo = [http.globalAgent, https.globalAgent].map((agent) => traceAgent(agent, requests))
  return () => {
    for (const each of undo) each()
  }
}
