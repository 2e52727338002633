/** The version of this package, as in package.json: for `user-agent` and the like. */
export const PACKAGE_VERSION = '0.1.0'
