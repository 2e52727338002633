// The same by require(), and once more from the CommonJS files themselves, as loaders do that know no `module-sync`.
const { dirname, join } = require('node:path')

const manifestPath = require.resolve('tallyscope/package.json')
const manifest = require(manifestPath)
const required = {}
const commonJs = {}
for (const subpath of process.argv.slice(2)) {
  const names = (module) =>
    Object.keys(module)
      .filter((name) => name !== '__esModule')
      .sort()
  required[subpath] = names(require(subpath))
  const target = manifest.exports[subpath.replace('tallyscope', '.')].require.default
  commonJs[subpath] = names(require(join(dirname(manifestPath), target)))
}
console.log(JSON.stringify({ required, commonJs }))
