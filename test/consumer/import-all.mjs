// Imports the subpaths that are named on the command line and prints the names that each exports.
const names = {}
for (const subpath of process.argv.slice(2)) names[subpath] = Object.keys(await import(subpath)).sort()
console.log(JSON.stringify(names))
