import http, { type Agent, type ClientRequest } from 'node:http'
import https from 'node:https'
import type { NodeRequests } from './node-requests.js'

type AddRequest = (request: ClientRequest, ...rest: readonly unknown[]) => unknown

/** The functions that undo the patch, by patched agent. */
const patched = new WeakMap<Agent, () => void>()

/**
 * Patches `addRequest` of an agent, which is called before headers are sent. The agent stays the same object, so that its limits,
 * settings and events keep working. Returns a function that undoes the patch.
 */
export function traceAgent(agent: Agent, requests: NodeRequests): () => void {
  const before = patched.get(agent)
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
    if (patched.get(agent) !== undo || traced.addRequest !== method) return
    patched.delete(agent)
    if (own === undefined) Reflect.deleteProperty(traced, 'addRequest')
    else Object.defineProperty(traced, 'addRequest', own)
  }
  patched.set(agent, undo)
  return undo
}

/** True if Node publishes `http.client.request.created`, so that agents need no patch: 22.12, 23.2 and later. */
export function publishesCreation(version: string = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12)
}

/** Patches `http.globalAgent` and `https.globalAgent`. Returns a function that undoes it. */
export function traceGlobalAgents(requests: NodeRequests): () => void {
  const undo = [http.globalAgent, https.globalAgent].map((agent) => traceAgent(agent, requests))
  return () => {
    for (const each of undo) each()
  }
}
