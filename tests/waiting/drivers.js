// Connects in node, and says what it took, as loops.c does.
//
// usage: drivers.js uv|libpq CONNINFO
//
// uv: by node_addon.c, PQconnectStart and PQconnectPoll in node's own loop. libpq: npm's libpq, which connects in a thread and
// reads in the loop: a query, and a notification.
//
// Something else wants to run every 10 ms meanwhile; the longest that it was kept from doing so is what a call kept us.
'use strict'

const [way, conninfo] = process.argv.slice(2)
const now = () => Number(process.hrtime.bigint()) / 1e6
let wakeups = 0
let longest = 0
let last

function tick () {
  const time = now()
  if (last !== undefined) longest = Math.max(longest, time - last)
  last = time
}

function byUv () {
  const addon = require(process.env.PQP_NODE_ADDON)
  return new Promise((resolve, reject) => {
    addon.connect(conninfo, (up, count, text) => {
      wakeups = count
      up ? resolve() : reject(new Error(text))
    })
  })
}

function byLibpq () {
  const PQ = require(process.env.PQP_NODE_LIBPQ + '/node_modules/libpq')
  const pq = new PQ()
  const connected = new Promise((resolve, reject) => {
    pq.connect(conninfo, (error) => (error ? reject(error) : resolve()))
  })
  const patience = (what) => new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('no ' + what + ' in a minute')), 60000).unref()
  })
  const ask = (sql) => Promise.race([patience('answer'), new Promise((resolve, reject) => {
    const take = () => {
      wakeups++
      if (!pq.consumeInput()) return reject(new Error(pq.errorMessage()))
      if (pq.isBusy()) return
      pq.removeListener('readable', take)
      let value
      while (pq.getResult()) {
        if (pq.resultStatus() === 'PGRES_FATAL_ERROR') return reject(new Error(pq.resultErrorMessage()))
        if (pq.ntuples()) value = pq.getvalue(0, 0)
      }
      resolve(value)
    }
    pq.on('readable', take)
    if (!pq.sendQuery(sql)) reject(new Error(pq.errorMessage()))
    while (pq.flush());
  })])
  const notified = () => Promise.race([patience('notification'), new Promise((resolve, reject) => {
    const take = () => {
      const notice = pq.notifies()
      if (notice) {
        pq.removeListener('readable', look)
        resolve(notice.extra)
      }
    }
    const look = () => {
      wakeups++
      if (!pq.consumeInput()) return reject(new Error(pq.errorMessage()))
      take()
    }
    pq.on('readable', look)
    take()
  })])
  const expect = (got, wanted) => {
    if (got !== wanted) throw new Error(`${got}, not ${wanted}`)
  }
  return connected.then(async () => {
    pq.setNonBlocking(true)
    pq.startReader()
    expect(await ask('SELECT 6 * 7'), '42')
    await ask('LISTEN waiting')
    // comes when nobody asks any more
    await ask("DO $$ BEGIN PERFORM pg_notify('waiting', 'it came'); END $$")
    expect(await notified(), 'it came')
    pq.stopReader()
  }).finally(() => pq.finish())
}

async function main () {
  tick()
  const ticking = setInterval(tick, 10)
  const start = now()
  let outcome = 'up'
  let text = ''
  try {
    await { uv: byUv, libpq: byLibpq }[way]()
  } catch (error) {
    outcome = 'failed'
    text = error.message.replace(/[\n\t]/g, '|')
  }
  const ms = now() - start
  tick()
  clearInterval(ticking)
  const numbers = `wakeups ${wakeups}\tms ${ms.toFixed()}\tkept_ms ${longest.toFixed()}\tleft 0\tsame 1`
  console.log(`${outcome}\t${numbers}\t${text}`)
}

main()
