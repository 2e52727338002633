import http, { type Agent, type ClientRequest } from 'node:http'
import https from 'node:https'
import type { NodeRequests } from './node-requests.js'

type AddRequest = (request: ClientRequest, ...rest: readonly unknown[]) => unknown

/**
 * The same agent, by way of which requests are seen when they are made and their headers can still be set. Sockets,
 * limits and events are those of the agent given, which stays as it is.
 */
export function tracedAgent<A extends Agent>(agent: A, requests: NodeRequests): A {
  const traced = Object.create(agent) as A & { addRequest: AddRequest }
  const { addRequest } = agent as A & { addRequest: AddRequest }
  Object.defineProperty(traced, 'addRequest', {
    value: (request: ClientRequest, ...rest: readonly unknown[]) => {
      requests.created(request)
      return addRequest.call(agent, request, ...rest)
    },
  })
  return traced
}

/** True where Node tells of requests when they are made, so that no agent is needed. */
export function tellsCreation(version: string = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12)
}

/**
 * Puts traced agents in the place of `http.globalAgent` and `https.globalAgent`, which are there to be set. Gives what
 * puts the earlier ones back, unless somebody has set others since.
 */
export function traceGlobalAgents(requests: NodeRequests): () => void {
  const undo = [http, https].map((holder) => {
    const module = holder as { globalAgent: Agent }
    const before = module.globalAgent
    const traced = tracedAgent(before, requests)
    module.globalAgent = traced
    return () => {
      if (module.globalAgent === traced) module.globalAgent = before
    }
  })
  return () => {
    for (const each of undo) each()
  }
}
