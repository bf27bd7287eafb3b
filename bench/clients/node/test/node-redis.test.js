import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { createClient, createClientPool, defineScript, RESP_TYPES, WatchError } from 'redis'
import { both, limits, within } from '../lib/servers.js'

const addBoth = defineScript({
  SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1]) + ARGV[2]",
  NUMBER_OF_KEYS: 1,
  parseCommand(parser, key, a, b) {
    parser.pushKey(key)
    parser.push(String(a), String(b))
  },
  transformReply: (reply) => reply,
})

for (const RESP of [2, 3]) {
  both(`node-redis, RESP${RESP},`, (server) => {
    const clients = []
    const client = async (options = {}) => {
      const c = createClient({ url: `redis://127.0.0.1:${server.port}`, RESP, ...options })
      clients.push(c)
      c.on('error', () => {}) // a lost connection is part of some tests
      return c.connect()
    }
    afterEach(() => clients.splice(0).forEach((c) => c.isOpen && c.destroy()))

    test('connects and asks about the server', limits, async () => {
      const redis = await client({ name: 'worker', database: 1 })
      assert.equal(await redis.ping(), 'PONG')
      const info = await redis.clientInfo()
      assert.deepEqual([info.name, info.db, info.resp], ['worker', 1, RESP])
      const hello = await redis.hello(RESP)
      assert.deepEqual([hello.server, hello.proto, hello.mode, hello.role], ['redis', RESP, 'standalone', 'master'])
      const [get] = await redis.commandInfo(['get'])
      assert.deepEqual([get.name, get.arity, get.firstKeyIndex, [...get.flags]], ['get', 2, 1, ['readonly', 'fast']])
      assert.equal((await redis.configGet('appendonly')).appendonly, 'yes')
      assert.equal((await redis.role()).role, 'master')
      await assert.rejects(redis.clusterInfo(), /cluster support disabled/)
      await assert.rejects(redis.sendCommand(['NOSUCH']), { message: "ERR unknown command 'NOSUCH', with args beginning with: " })
    })

    test('values of every kind', limits, async () => {
      const redis = await client()
      assert.equal(await redis.set('k', 'v', { expiration: { type: 'EX', value: 100 }, condition: 'NX' }), 'OK')
      assert.equal(await redis.set('k', 'v', { condition: 'NX' }), null)
      assert.equal(await redis.getEx('k', { type: 'PERSIST' }), 'v')
      assert.equal(await redis.ttl('k'), -1)
      const big = Buffer.alloc(8 << 20, Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
      await redis.set('big', big)
      const buffers = redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
      assert.ok(big.equals(await buffers.get('big')))
      await redis.hSet('h', { a: 1, b: 'two' })
      assert.deepEqual({ ...(await redis.hGetAll('h')) }, { a: '1', b: 'two' })
      assert.deepEqual(await redis.hmGet('h', ['a', 'absent']), ['1', null])
      await redis.zAdd('z', [{ score: 1, value: 'a' }, { score: 2.5, value: 'b' }, { score: 1e300, value: 'c' }])
      assert.deepEqual(await redis.zRangeWithScores('z', 1, 2), [{ value: 'b', score: 2.5 }, { value: 'c', score: 1e300 }])
      assert.equal(await redis.zScore('z', 'b'), 2.5)
      assert.deepEqual(await redis.zmScore('z', ['a', 'absent']), [1, null])
      await redis.sAdd('s', ['x', 'y'])
      assert.deepEqual((await redis.sMembers('s')).sort(), ['x', 'y'])
      await redis.geoAdd('g', [{ longitude: 13.361389, latitude: 38.115556, member: 'Palermo' }, { longitude: 15.087269, latitude: 37.502669, member: 'Catania' }])
      assert.equal(await redis.geoDist('g', 'Palermo', 'Catania', 'km'), 166.2742)
      assert.deepEqual(await redis.geoSearch('g', { longitude: 15, latitude: 37 }, { radius: 100, unit: 'km' }), ['Catania'])
      assert.equal(await redis.pfAdd('hll', ['a', 'b', 'a']), 1)
      assert.equal(await redis.pfCount('hll'), 2)
      assert.equal(await redis.lcsLen('k', 'k'), 1)
      await redis.pExpire('h', 20)
      await within('the hash expires', async () => (await redis.exists('h')) === 0)
    })

    test('pipelines and transactions', limits, async () => {
      const redis = await client()
      const numbers = await Promise.all(Array.from({ length: 5000 }, () => redis.incr('n')))
      assert.deepEqual(numbers, Array.from({ length: 5000 }, (_, i) => i + 1))
      assert.deepEqual(await redis.multi().set('k', 'v').get('k').hSet('h', 'f', 'v').hGet('h', 'f').exec(), ['OK', 'v', 1, 'v'])
      await assert.rejects(redis.multi().set('k', 'w').addCommand(['NOSUCH']).exec(), /EXECABORT|unknown command/)
      assert.equal(await redis.get('k'), 'v')
      const other = await client()
      const attempt = async (meddle) => {
        await redis.watch('k')
        if (meddle) await other.append('k', '!')
        return redis.multi().append('k', '?').get('k').exec()
      }
      await assert.rejects(attempt(true), WatchError)
      assert.deepEqual(await attempt(false), [3, 'v!?'])
    })

    test('a pool for what blocks', limits, async () => {
      const redis = await client()
      const pool = createClientPool({ url: `redis://127.0.0.1:${server.port}`, RESP }, { minimum: 1, maximum: 10 })
      await pool.connect()
      const popped = Array.from({ length: 5 }, () => pool.blPop('l', 0))
      await within('all wait', async () => (await redis.info('clients')).includes('blocked_clients:5\r\n'))
      await redis.rPush('l', ['0', '1', '2', '3', '4'])
      const elements = (await Promise.all(popped)).map((p) => p.element)
      assert.deepEqual(elements.sort(), ['0', '1', '2', '3', '4'])
      assert.deepEqual(await pool.multi().set('k', 'v').get('k').exec(), ['OK', 'v'])
      pool.destroy()
    })

    test('publish and subscribe, also after a lost connection', limits, async () => {
      const redis = await client()
      const subscriber = await client({ socket: { reconnectStrategy: 20 } })
      const heard = []
      await subscriber.subscribe('a', (text, channel) => heard.push(['a', channel, text]))
      await subscriber.pSubscribe('p*', (text, channel) => heard.push(['p*', channel, text]))
      await subscriber.sSubscribe('s', (text, channel) => heard.push(['s', channel, text]))
      for (const round of ['first', 'second']) {
        await within('subscribed', async () => {
          const { a } = await redis.pubSubNumSub(['a'])
          const { s } = await redis.pubSubShardNumSub(['s'])
          return a === 1 && s === 1 && (await redis.pubSubNumPat()) === 1
        })
        assert.equal(await redis.publish('a', round), 1)
        assert.equal(await redis.publish('pool', round), 1)
        assert.equal(await redis.sPublish('s', round), 1)
        await within('all arrive', () => heard.length === 3)
        assert.deepEqual(heard.splice(0), [['a', 'a', round], ['p*', 'pool', round], ['s', 's', round]])
        assert.equal(await redis.clientKill({ filter: 'TYPE', type: 'pubsub' }), 1)
      }
    })

    test('streams with groups of consumers', limits, async () => {
      const redis = await client()
      await redis.xGroupCreate('s', 'g', '0', { MKSTREAM: true })
      await redis.xAdd('s', '1-1', { f: 'v' })
      const read = await redis.xReadGroup('g', 'ann', { key: 's', id: '>' }, { COUNT: 5 })
      if (RESP === 3) {
        assert.deepEqual({ ...read }, { s: [['1-1', ['f', 'v']]] }) // as the server sent it
      } else {
        const [{ name, messages }] = read
        assert.deepEqual([name, messages.map((m) => [m.id, { ...m.message }])], ['s', [['1-1', { f: 'v' }]]])
      }
      const pending = await redis.xPending('s', 'g')
      assert.deepEqual([pending.pending, pending.firstId, pending.consumers[0].name], [1, '1-1', 'ann'])
      const claimed = await redis.xAutoClaim('s', 'g', 'bob', 0, '0')
      assert.deepEqual([claimed.nextId, claimed.messages.length], ['0-0', 1])
      assert.equal(await redis.xAck('s', 'g', '1-1'), 1)
      const [group] = await redis.xInfoGroups('s')
      assert.deepEqual([group.name, group.consumers, group.pending, group['entries-read'], group.lag], ['g', 2, 0, 1, 0])
      if (RESP === 3) return // the library leaves the rest to later versions
      const stream = await redis.xInfoStream('s')
      assert.deepEqual([stream.length, stream['last-generated-id'], stream.groups], [1, '1-1', 1])
      assert.equal(await redis.xRead({ key: 's', id: '$' }, { BLOCK: 1 }), null)
    })

    test('scan iterators', limits, async () => {
      const redis = await client()
      await redis.mSet(Array.from({ length: 1000 }, (_, i) => [`key:${i}`, `${i}`]))
      await redis.hSet('h', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i])))
      const keys = new Set()
      for await (const batch of redis.scanIterator({ MATCH: 'key:*', COUNT: 100 })) for (const key of batch) keys.add(key)
      assert.equal(keys.size, 1000)
      const fields = new Map()
      for await (const batch of redis.hScanIterator('h', { COUNT: 50 })) for (const { field, value } of batch) fields.set(field, value)
      assert.deepEqual([fields.size, fields.get('f17')], [1000, '17'])
    })

    test('scripts as commands of their own', limits, async () => {
      const redis = await client({ scripts: { addBoth } })
      await redis.scriptFlush()
      assert.equal(await redis.addBoth('n', 1, 10), 11) // by its text: EVALSHA says NOSCRIPT
      assert.equal(await redis.addBoth('n', 1, 10), 12)
      assert.deepEqual(await redis.multi().set('n', '5').addBoth('n', 1, 1).exec(), ['OK', 7])
      assert.equal(await redis.eval('return #KEYS .. ARGV[1]', { keys: ['a', 'b'], arguments: ['x'] }), '2x')
      await assert.rejects(redis.evalSha('0'.repeat(40)), /NOSCRIPT/)
    })

    test('functions', limits, async () => {
      const redis = await client()
      const code = "#!lua name=lib\nredis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)"
      assert.equal(await redis.functionLoad(code), 'lib')
      assert.equal(await redis.fCall('add', { keys: ['n'], arguments: ['5'] }), 5)
      const [{ library_name: name, engine, functions }] = await redis.functionList()
      assert.deepEqual([name, engine, functions.length], ['lib', 'LUA', 1])
      assert.equal(await redis.functionDelete('lib'), 'OK')
      await assert.rejects(redis.fCall('add', { keys: ['n'] }), /Function not found/)
    })

    test('MONITOR', limits, async () => {
      const redis = await client()
      const monitor = await client()
      const heard = []
      await monitor.monitor((line) => heard.push(line))
      await redis.set('k', 'a "quoted" value')
      await within('a line arrives', () => heard.length > 0)
      assert.match(heard[0], /^\d+\.\d+ \[0 127\.0\.0\.1:\d+\] "SET" "k" "a \\"quoted\\" value"$/)
    })

    if (RESP === 3) {
      test('a cache at the client, kept true by the server', limits, async () => {
        const redis = await client({ clientSideCache: { ttl: 0, maxEntries: 100, evictPolicy: 'LRU' } })
        const cache = clients.at(-1).options.clientSideCache
        const other = await client()
        await other.set('k', '1')
        assert.equal(await redis.get('k'), '1')
        assert.equal(await redis.get('k'), '1')
        await other.set('k', '2')
        await within('the change arrives', async () => (await redis.get('k')) === '2')
        await other.flushAll()
        await within('the flush arrives', async () => (await redis.get('k')) === null)
        assert.ok(cache)
      })
    }
  })
}

both('node-redis with a password', (server) => {
  test('AUTH', limits, async () => {
    for (const [RESP, user] of [[2, ''], [3, 'default']]) {
      const redis = await createClient({ url: `redis://${user}:secret@127.0.0.1:${server.port}`, RESP }).connect()
      assert.equal(await redis.set('k', 'v'), 'OK')
      redis.destroy()
      const wrong = createClient({ url: `redis://:guess@127.0.0.1:${server.port}`, RESP, socket: { reconnectStrategy: false } })
      wrong.on('error', () => {})
      await assert.rejects(wrong.connect(), /WRONGPASS/)
    }
  })
}, { args: ['--requirepass', 'secret'] })
