/** The version of this package, the same as in package.json. */
export const PACKAGE_VERSION = '0.1.0'
