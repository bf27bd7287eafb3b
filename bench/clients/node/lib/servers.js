// The two servers that every test runs against: ours, built by `npm test` from
// this repository, and the redis-server on PATH. A test has to pass on both.

import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, beforeEach, describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const patienceMs = 60_000

// A test that waits longer than this is stuck.
export const limits = { timeout: 2 * patienceMs }

const kinds = [
  { name: 'spindle', program: fileURLToPath(new URL('../node_modules/.cache/spindle', import.meta.url)) },
  { name: 'redis-server', program: onPath('redis-server') },
]

// both defines a suite twice, once for each server. define gets the server, which is started
// before the first test and emptied before each.
export function both(title, define, { args = [] } = {}) {
  for (const { name, program } of kinds) {
    const skip = program ? false : `skipped: no ${name} on PATH`
    describe(`${title} on ${name}`, { skip }, () => {
      const server = new Server(program, args)
      before(() => server.start())
      beforeEach(() => server.flush())
      after(() => server.stop())
      define(server)
    })
  }
}

// within waits until ok returns, or resolves to, something true, and returns that.
export async function within(what, ok) {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(5)) {
    const result = await ok()
    if (result) return result
  }
  throw new Error(`not within ${patienceMs} ms: ${what}`)
}

class Server {
  constructor(program, args) {
    this.program = program
    this.args = args
    this.dir = mkdtempSync(join(tmpdir(), 'spindle-node-'))
    process.on('exit', () => this.stop())
  }

  async start() {
    this.port ??= await freePort()
    const log = openSync(join(this.dir, 'server.log'), 'a')
    const args = ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.dir, '--save', '', '--appendonly', 'yes', ...this.args]
    this.process = spawn(this.program, args.map(String), { cwd: this.dir, stdio: ['ignore', log, log] })
    this.exited = new Promise((resolve) => this.process.once('exit', resolve))
    await within('the server answers', async () => {
      if (this.process.exitCode !== null) throw new Error(readFileSync(join(this.dir, 'server.log'), 'utf8'))
      return (await this.ask('PING').catch(() => '')).match(/^(\+PONG|-NOAUTH)/)
    })
  }

  // restart kills the server and starts it again with its files.
  async restart() {
    this.process.kill('SIGKILL')
    await this.exited
    await this.start()
  }

  flush() {
    return this.ask('CONFIG SET notify-keyspace-events ""\r\nFUNCTION FLUSH\r\nFLUSHALL', 3)
  }

  stop() {
    this.process?.kill('SIGKILL')
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 })
  }

  // ask sends inline commands and resolves to the lines of the answer.
  ask(commands, lines = 1) {
    return new Promise((resolve, reject) => {
      let answer = ''
      const socket = connect(this.port, '127.0.0.1', () => socket.write(commands + '\r\n'))
      socket.setEncoding('utf8').on('error', reject).on('close', () => reject(new Error('closed')))
      socket.on('data', (text) => {
        answer += text
        if (answer.split('\r\n').length <= lines) return
        resolve(answer)
        socket.destroy()
      })
    })
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const listener = createServer().on('error', reject)
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address()
      listener.close(() => resolve(port))
    })
  })
}

function onPath(program) {
  return process.env.PATH.split(delimiter)
    .map((dir) => join(dir, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
