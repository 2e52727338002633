import { TallyscopeError } from '../base/errors.js'

/** The error of a gathering whose totals would be too low. The scrape fails, because Prometheus would take lower totals for a restart. */
export function incomplete(what: string): TallyscopeError {
  return new TallyscopeError('ERR_GROUP_INCOMPLETE', `the metrics of the group are incomplete: ${what}`)
}

export function hasLeft(): TallyscopeError {
  return new TallyscopeError('ERR_GROUP_LEFT', 'this member has left its group')
}
