import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, test } from 'node:test'
import Redis from 'ioredis'
import { both, limits, within } from '../lib/servers.js'

both('ioredis', (server) => {
  const clients = []
  const client = (options = {}) => {
    const c = new Redis({ port: server.port, ...options })
    clients.push(c)
    return c
  }
  afterEach(() => clients.splice(0).forEach((c) => c.disconnect()))

  test('connects, names itself, reads INFO and COMMAND', limits, async () => {
    const redis = client({ db: 2, connectionName: 'worker' })
    assert.equal(await redis.ping(), 'PONG')
    assert.match(await redis.client('INFO'), / name=worker .* db=2 .* cmd=client\|info .* resp=2/)
    assert.match(await redis.info('server'), /^redis_version:\d+\.\d+\.\d+\r$/m)
    assert.match(await redis.info('replication'), /^# Replication\r\nrole:master\r\n/)
    const [get] = await redis.command('INFO', 'get')
    assert.deepEqual(get.slice(0, 6), ['get', 2, ['readonly', 'fast'], 1, 1, 1])
    assert.deepEqual(await redis.command('GETKEYS', 'mset', 'a', '1', 'b', '2'), ['a', 'b'])
    await assert.rejects(redis.call('NOSUCH', 'a'), { name: 'ReplyError', message: "ERR unknown command 'NOSUCH', with args beginning with: 'a' " })
    await assert.rejects(redis.cluster('INFO'), /cluster support disabled/)
  })

  test('values of every kind', limits, async () => {
    const redis = client()
    assert.equal(await redis.set('k', 'v', 'EX', 100, 'NX'), 'OK')
    assert.equal(await redis.set('k', 'v', 'NX'), null)
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const big = Buffer.alloc(8 << 20, bytes)
    await redis.set(bytes, big)
    assert.ok(big.equals(await redis.getBuffer(bytes)))
    const value = { text: 'Grüße "日本語"\n', list: [1, 2.5, null], nested: { ok: true } }
    await redis.set('json', JSON.stringify(value))
    assert.deepEqual(JSON.parse(await redis.get('json')), value)
    await redis.hset('h', { a: 1, b: 'two' })
    assert.deepEqual(await redis.hgetall('h'), { a: '1', b: 'two' })
    assert.deepEqual(await redis.hgetall('absent'), {})
    await redis.hset('h', new Map([['c', 3]]))
    assert.equal(await redis.hincrbyfloat('h', 'c', 0.5), '3.5')
    await redis.zadd('z', 1, 'a', '2.5', 'b', '+inf', 'c')
    assert.deepEqual(await redis.zrange('z', '(1', '+inf', 'BYSCORE', 'WITHSCORES'), ['b', '2.5', 'c', 'inf'])
    await redis.geoadd('g', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania')
    assert.equal(await redis.geodist('g', 'Palermo', 'Catania', 'km'), '166.2742')
    assert.deepEqual(await redis.geosearch('g', 'FROMLONLAT', 15, 37, 'BYRADIUS', 100, 'km', 'WITHDIST'), [['Catania', '56.4413']])
    await redis.pfadd('hll', 'a', 'b', 'c', 'a')
    assert.equal(await redis.pfcount('hll'), 3)
    assert.equal(await redis.pexpire('h', 20), 1)
    await within('the hash expires', async () => (await redis.exists('h')) === 0)
    await assert.rejects(redis.incr('json'), { message: 'ERR value is not an integer or out of range' })
  })

  test('pipelines, automatic ones too', limits, async () => {
    const redis = client({ enableAutoPipelining: true })
    const results = await redis.pipeline().set('a', 'x').incr('a').get('a').exec()
    assert.deepEqual(results.map(([, value]) => value), ['OK', undefined, 'x'])
    assert.match(results[1][0].message, /^ERR value is not an integer/)
    const numbers = await Promise.all(Array.from({ length: 5000 }, () => redis.incr('n')))
    assert.deepEqual(numbers, Array.from({ length: 5000 }, (_, i) => i + 1))
  })

  test('transactions and optimistic locks', limits, async () => {
    const redis = client()
    const other = client()
    assert.deepEqual(await redis.multi().incr('n').hset('h', 'f', 'v').hgetall('h').exec(), [[null, 1], [null, 1], [null, { f: 'v' }]])
    await redis.watch('n')
    await other.incr('n')
    assert.equal(await redis.multi().set('n', 'lost').exec(), null)
    await redis.watch('n')
    assert.deepEqual(await redis.multi().incr('n').exec(), [[null, 3]])
    await assert.rejects(redis.multi().incr('n').call('NOSUCH').exec(), /EXECABORT/)
    assert.equal(await redis.get('n'), '3')
  })

  test('publish and subscribe, also after a lost connection', limits, async () => {
    const redis = client()
    const subscriber = client()
    const heard = []
    subscriber.on('message', (channel, text) => heard.push([channel, text]))
    subscriber.on('pmessage', (pattern, channel, text) => heard.push([pattern, channel, text]))
    subscriber.on('smessage', (channel, text) => heard.push(['shard', channel, text]))
    assert.equal(await subscriber.subscribe('a', 'b'), 2)
    assert.equal(await subscriber.psubscribe('p*'), 3)
    await subscriber.ssubscribe('s')
    for (const round of ['first', 'second']) {
      assert.equal(await redis.publish('a', round), 1)
      assert.equal(await redis.publish('pool', round), 1)
      await within('both arrive', () => heard.length === 2)
      assert.deepEqual(heard.splice(0), [['a', round], ['p*', 'pool', round]])
      if (round === 'first') {
        assert.equal(await redis.spublish('s', '1'), 1)
        await within('the sharded one arrives', () => heard.length === 1)
        assert.deepEqual(heard.splice(0), [['shard', 's', '1']])
        assert.equal(await redis.client('KILL', 'TYPE', 'pubsub'), 1)
        const back = async () => (await redis.pubsub('NUMSUB', 'a', 'b')).join() === 'a,1,b,1' && (await redis.pubsub('NUMPAT')) === 1
        await within('subscribed again', back)
      }
    }
  })

  test('keyspace notifications', limits, async () => {
    const redis = client()
    await redis.config('SET', 'notify-keyspace-events', 'Ex$')
    const subscriber = client()
    const heard = []
    subscriber.on('pmessage', (_, channel, key) => heard.push(`${channel} ${key}`))
    await subscriber.psubscribe('__keyevent@0__:*')
    await redis.set('k', 'v', 'PX', 20)
    await within('the key expires', async () => (await redis.exists('k')) === 0)
    await within('both arrive', () => heard.length === 2)
    assert.deepEqual(heard, ['__keyevent@0__:set k', '__keyevent@0__:expired k'])
  })

  test('blocking commands', limits, async () => {
    const redis = client()
    const waiter = client()
    const blocked = () => within('the client blocks', async () => (await redis.info('clients')).includes('blocked_clients:1\r\n'))
    const popped = waiter.blpop('l', 'm', 0)
    await blocked()
    await redis.rpush('m', 'v')
    assert.deepEqual(await popped, ['m', 'v'])
    const moved = waiter.blmove('l', 'n', 'LEFT', 'RIGHT', 0)
    await blocked()
    await redis.multi().rpush('l', 'w').rpush('l', 'x').exec()
    assert.equal(await moved, 'w')
    const lowest = waiter.bzpopmin('z', 0)
    await blocked()
    await redis.zadd('z', 2, 'b', 1, 'a')
    assert.deepEqual(await lowest, ['z', 'a', '1'])
    assert.equal(await waiter.brpop('absent', 0.01), null)
    const unblocked = assert.rejects(waiter.brpop('absent', 0), /^ReplyError: UNBLOCKED/)
    await blocked()
    const id = (await redis.client('LIST')).match(/id=(\d+) .* cmd=brpop /)[1]
    assert.equal(await redis.client('UNBLOCK', id, 'ERROR'), 1)
    await unblocked
  })

  test('streams with groups of consumers', limits, async () => {
    const redis = client()
    const waiter = client()
    await redis.xgroup('CREATE', 's', 'g', '$', 'MKSTREAM')
    const read = waiter.xreadgroup('GROUP', 'g', 'ann', 'COUNT', 10, 'BLOCK', 0, 'STREAMS', 's', '>')
    await within('the client blocks', async () => (await redis.info('clients')).includes('blocked_clients:1\r\n'))
    await redis.xadd('s', '1-1', 'f', 'v')
    assert.deepEqual(await read, [['s', [['1-1', ['f', 'v']]]]])
    assert.deepEqual(await redis.xpending('s', 'g'), [1, '1-1', '1-1', [['ann', '1']]])
    assert.deepEqual(await redis.xautoclaim('s', 'g', 'bob', 0, '0'), ['0-0', [['1-1', ['f', 'v']]], []])
    assert.equal(await redis.xack('s', 'g', '1-1'), 1)
    const [group] = await redis.xinfo('GROUPS', 's')
    assert.deepEqual(group, ['name', 'g', 'consumers', 2, 'pending', 0, 'last-delivered-id', '1-1', 'entries-read', 1, 'lag', 0])
  })

  test('scripts as commands of their own', limits, async () => {
    const redis = client({
      scripts: { take: { numberOfKeys: 1, lua: "local v = redis.call('GET', KEYS[1]); redis.call('DEL', KEYS[1]); return {v, ARGV[1]}" } },
    })
    await redis.script('FLUSH')
    await redis.set('k', 'v')
    assert.deepEqual(await redis.take('k', 'x'), ['v', 'x']) // by its text: EVALSHA says NOSCRIPT
    assert.deepEqual(await redis.take('k', 'y'), [null, 'y'])
    const [[, first], [, second]] = await redis.pipeline().set('k', 'w').take('k', 'z').exec()
    assert.deepEqual([first, second], ['OK', ['w', 'z']])
    await assert.rejects(redis.evalsha('0'.repeat(40), 0), /^ReplyError: NOSCRIPT/)
  })

  test('functions', limits, async () => {
    const redis = client()
    const code = `#!lua name=lib
redis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)
redis.register_function{function_name='show', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}`
    assert.equal(await redis.function('LOAD', code), 'lib')
    assert.equal(await redis.fcall('add', 1, 'n', 5), 5)
    assert.equal(await redis.fcall_ro('show', 1, 'n'), '5')
    await assert.rejects(redis.fcall_ro('add', 1, 'n', 1), /write flag/)
    const dump = await redis.callBuffer('FUNCTION', 'DUMP')
    assert.equal(await redis.function('FLUSH'), 'OK')
    assert.equal(await redis.function('RESTORE', dump), 'OK')
    assert.equal(await redis.fcall('add', 1, 'n', 1), 6)
  })

  test('scan streams', limits, async () => {
    const redis = client()
    const pipeline = redis.pipeline()
    for (let i = 0; i < 1000; i++) pipeline.set(`key:${i}`, i).hset('h', `f${i}`, i).zadd('z', i, `m${i}`)
    await pipeline.exec()
    const collect = async (stream) => {
      const seen = new Set()
      for await (const batch of stream) for (const item of batch) seen.add(item)
      return seen
    }
    assert.equal((await collect(redis.scanStream({ match: 'key:*', count: 100 }))).size, 1000)
    assert.deepEqual(await collect(redis.scanStream({ type: 'zset' })), new Set(['z']))
    assert.equal((await collect(redis.hscanStream('h', { match: 'f99?', count: 50 }))).size, 20)
    assert.equal((await collect(redis.zscanStream('z'))).size, 2000)
  })

  test('MONITOR', limits, async () => {
    const redis = client()
    await redis.ping() // what a client asks when it connects would come between the monitor's own first replies
    const monitor = await client({ enableReadyCheck: false }).monitor()
    clients.push(monitor)
    const heard = once(monitor, 'monitor')
    await redis.set('k', 'a "quoted" value')
    const [, args, , database] = await heard
    assert.deepEqual([args, database], [['set', 'k', 'a "quoted" value'], '0'])
  })

  test('a restarted server has everything, and the client comes back', limits, async () => {
    const redis = client({ retryStrategy: () => 20, maxRetriesPerRequest: null })
    await redis.config('SET', 'appendfsync', 'always')
    await redis.rpush('l', 'a', 'b')
    redis.on('error', () => {}) // refused while the server is away
    await server.restart()
    assert.deepEqual(await redis.lrange('l', 0, -1), ['a', 'b'])
  })
})

both('ioredis with a password', (server) => {
  test('AUTH', limits, async () => {
    const redis = new Redis({ port: server.port, password: 'secret' })
    assert.equal(await redis.set('k', 'v'), 'OK')
    const named = new Redis({ port: server.port, username: 'default', password: 'secret' })
    assert.equal(await named.get('k'), 'v')
    const without = new Redis({ port: server.port })
    without.on('error', () => {})
    await assert.rejects(without.get('k'), /^ReplyError: NOAUTH/)
    for (const c of [redis, named, without]) c.disconnect()
  })
}, { args: ['--requirepass', 'secret'] })
