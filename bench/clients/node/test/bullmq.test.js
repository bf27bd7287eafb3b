import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, test } from 'node:test'
import { FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq'
import { both, limits, within } from '../lib/servers.js'

both('BullMQ', (server) => {
  const parts = []
  const keep = (part) => {
    part.on('error', () => {})
    parts.push(part)
    return part
  }
  const connection = () => ({ host: '127.0.0.1', port: server.port })
  const queue = (options) => keep(new Queue('jobs', { connection: connection(), ...options }))
  const worker = (work, options) => keep(new Worker('jobs', work, { connection: connection(), ...options }))
  const events = async () => {
    const e = keep(new QueueEvents('jobs', { connection: connection(), lastEventId: '0' }))
    await e.waitUntilReady()
    return e
  }
  afterEach(() => Promise.all(parts.splice(0).map((part) => part.close())))

  test('jobs are worked on once, and give results', limits, async () => {
    const jobs = queue()
    const listener = await events()
    for (const emitter of [jobs, listener]) emitter.setMaxListeners(0)
    const added = await jobs.addBulk(Array.from({ length: 200 }, (_, i) => ({ name: 'square', data: { i } })))
    const seen = []
    const hands = async (job) => {
      seen.push(job.data.i)
      await job.updateProgress(50)
      await job.log(`squared ${job.data.i}`)
      return job.data.i ** 2
    }
    worker(hands, { concurrency: 5 })
    worker(hands, { concurrency: 5 })
    const results = await Promise.all(added.map((job) => job.waitUntilFinished(listener)))
    assert.deepEqual(results, Array.from({ length: 200 }, (_, i) => i ** 2))
    assert.deepEqual(seen.sort((a, b) => a - b), Array.from({ length: 200 }, (_, i) => i))
    assert.deepEqual(await jobs.getJobCounts('completed', 'delayed', 'failed', 'active'), { completed: 200, delayed: 0, failed: 0, active: 0 })
    assert.deepEqual(await jobs.getJobLogs(added[7].id), { logs: ['squared 7'], count: 1 })
    const [last] = await jobs.getCompleted(0, 0)
    assert.equal(last.progress, 50)
  })

  test('priorities, first in first out, last in first out', limits, async () => {
    const jobs = queue()
    await jobs.add('c', {}, { priority: 10 })
    await jobs.add('b', {}, { priority: 1 })
    await jobs.add('d', {}, { priority: 10 })
    await jobs.add('a', {})
    await jobs.add('first', {}, { lifo: true })
    assert.deepEqual(await jobs.getCountsPerPriority([0, 1, 10]), { 0: 2, 1: 1, 10: 2 })
    const order = []
    worker(async (job) => order.push(job.name))
    await within('all are done', () => order.length === 5)
    assert.deepEqual(order, ['first', 'a', 'b', 'c', 'd'])
  })

  test('delayed jobs wait, and can be promoted', limits, async () => {
    const jobs = queue()
    const started = Date.now()
    const done = new Map()
    worker(async (job) => done.set(job.name, Date.now()))
    await jobs.add('soon', {}, { delay: 300 })
    const later = await jobs.add('later', {}, { delay: 3_600_000 })
    await within('the first is done', () => done.has('soon'))
    assert.ok(done.get('soon') - started >= 290, `done after ${done.get('soon') - started} ms`)
    assert.equal(await later.getState(), 'delayed')
    await later.promote()
    await within('the promoted one is done', () => done.has('later'))
  })

  test('failures are tried again, or not', limits, async () => {
    const jobs = queue()
    const listener = await events()
    const tries = { flaky: 0, hopeless: 0, broken: 0 }
    worker(async (job) => {
      tries[job.name]++
      if (job.name === 'flaky' && job.attemptsMade === 2) return 'at last'
      if (job.name === 'broken') throw new UnrecoverableError('no way')
      throw new Error('not yet')
    })
    const flaky = await jobs.add('flaky', {}, { attempts: 5, backoff: { type: 'fixed', delay: 10 } })
    assert.equal(await flaky.waitUntilFinished(listener), 'at last')
    const hopeless = await jobs.add('hopeless', {}, { attempts: 2 })
    await assert.rejects(hopeless.waitUntilFinished(listener), /not yet/)
    const broken = await jobs.add('broken', {}, { attempts: 5 })
    await assert.rejects(broken.waitUntilFinished(listener), /no way/)
    assert.deepEqual(tries, { flaky: 3, hopeless: 2, broken: 1 })
    const failed = await jobs.getFailed()
    assert.deepEqual(failed.map((job) => job.failedReason).sort(), ['no way', 'not yet'])
    await failed.find((job) => job.name === 'broken').retry()
    await within('the retried one ran', () => tries.broken === 2)
  })

  test('repeated jobs', limits, async () => {
    const jobs = queue()
    let ticks = 0
    worker(async (job) => {
      assert.deepEqual([job.name, job.data], ['tick', { every: 100 }])
      ticks++
    })
    await jobs.upsertJobScheduler('clock', { every: 100 }, { name: 'tick', data: { every: 100 } })
    await within('three ticks', () => ticks >= 3)
    const [scheduler] = await jobs.getJobSchedulers()
    assert.deepEqual([scheduler.key, scheduler.name, Number(scheduler.every)], ['clock', 'tick', 100])
    assert.equal(await jobs.removeJobScheduler('clock'), true)
    assert.equal(await jobs.getJobSchedulersCount(), 0)
    await jobs.upsertJobScheduler('nightly', { pattern: '0 3 * * *' }, { name: 'tick' })
    assert.equal((await jobs.getJobScheduler('nightly')).pattern, '0 3 * * *')
    assert.equal(await jobs.getDelayedCount(), 1)
  })

  test('flows: a parent waits for its children', limits, async () => {
    const flows = keep(new FlowProducer({ connection: connection() }))
    const listener = await events()
    const sum = async (job) => {
      if (job.name === 'part') return job.data.n
      return Object.values(await job.getChildrenValues()).reduce((a, b) => a + b, 0)
    }
    const part = (n) => ({ name: 'part', queueName: 'jobs', data: { n } })
    const flow = await flows.add({
      name: 'total', queueName: 'jobs', data: {},
      children: [part(1), part(2), { name: 'total', queueName: 'jobs', data: {}, children: [part(10), part(20)] }],
    })
    assert.equal(await flow.job.getState(), 'waiting-children')
    worker(sum, { concurrency: 2 })
    assert.equal(await flow.job.waitUntilFinished(listener), 33)
    const { processed } = await flow.job.getDependencies()
    assert.equal(Object.keys(processed).length, 3)
  })

  test('events tell the life of a job', limits, async () => {
    const jobs = queue()
    const listener = await events()
    const life = []
    for (const name of ['added', 'waiting', 'active', 'progress', 'completed']) listener.on(name, () => life.push(name))
    const drained = once(listener, 'drained')
    worker(async (job) => job.updateProgress({ done: 1 }))
    await jobs.add('a', {})
    await drained
    await within('completed', () => life.includes('completed'))
    assert.deepEqual(life, ['added', 'waiting', 'active', 'progress', 'completed'])
  })

  test('pause, deduplicate, remove, drain, obliterate', limits, async () => {
    const jobs = queue()
    await jobs.pause()
    assert.equal(await jobs.isPaused(), true)
    const one = await jobs.add('a', {}, { jobId: 'mine' })
    const two = await jobs.add('a', {}, { jobId: 'mine' })
    assert.equal(one.id, two.id)
    const first = await jobs.add('b', {}, { deduplication: { id: 'only' } })
    const second = await jobs.add('b', {}, { deduplication: { id: 'only' } })
    assert.equal(first.id, second.id)
    await jobs.addBulk(Array.from({ length: 10 }, () => ({ name: 'c', data: {} })))
    assert.equal(await jobs.count(), 12)
    await one.remove()
    assert.equal(await jobs.getJob('mine'), undefined)
    let done = 0
    worker(async () => done++)
    await jobs.resume()
    await within('all are done', () => done === 11)
    await within('all are recorded', async () => (await jobs.getCompletedCount()) === 11)
    assert.equal((await jobs.clean(0, 4, 'completed')).length, 4)
    await jobs.pause()
    await jobs.add('d', {})
    await jobs.drain()
    assert.equal(await jobs.count(), 0)
    await jobs.obliterate({ force: true })
    assert.equal(await jobs.getCompletedCount(), 0)
  })

  test('a limited rate', limits, async () => {
    const jobs = queue()
    const times = []
    await jobs.addBulk(Array.from({ length: 6 }, () => ({ name: 'a', data: {} })))
    const started = Date.now()
    worker(async () => times.push(Date.now()), { limiter: { max: 2, duration: 150 } })
    await within('all are done', () => times.length === 6)
    assert.ok(times[5] - started >= 290, `six jobs took ${times[5] - started} ms`)
  })
})
