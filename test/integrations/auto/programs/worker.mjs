import { isMainThread, Worker } from 'node:worker_threads'
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url))
  worker.on('error', (error) => console.log(error.message))
  worker.on('exit', (code) => console.log('exit', code))
} else {
  throw new Error('thrown in a worker')
}
