console.log('failing')
process.exitCode = 3
