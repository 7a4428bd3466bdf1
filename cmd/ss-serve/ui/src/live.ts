// The live feed: one stream for the whole page, resumed after a break, with a mark when it is late.
import { computed, signal } from '@preact/signals'
import { may, me, send } from './api'

export type Topic = 'payments' | 'alerts' | 'cases' | 'metrics' | 'jobs' | 'rules' | 'settings'
type Listener = (items: any[]) => void

type State = 'starting' | 'live' | 'late'
/** Changes when what is shown of it does, not with every frame that comes. */
export const live = signal({ state: 'starting' as State, rate: 0, latency: null as number | null, late_since: 0 })
/** Grows when what was missed cannot be told one by one any more, or may have been: what is shown is asked for again. */
export const missed = signal(0)
/** Grows once a topic that was asked for is surely told: what came between reading a list and hearing of news is read again. */
export const joined = signal(0)
let settling = 0
/** What was heard last is old: pages grey it. */
export const late = computed(() => live.value.state === 'late')
let last = 0

const listeners = new Map<Topic, Set<Listener>>()
let socket: WebSocket | null = null
let connecting = false
let lastId: string | null = null
let wait = 500
let due = 0

export function listen(topic: Topic, listener: Listener) {
  const set = listeners.get(topic) ?? new Set()
  listeners.set(topic, set.add(listener))
  subscribe()
  return () => {
    set.delete(listener)
    subscribe()
  }
}

/** The same, told together at most each `ms`: for what asks the server or draws a whole page anew. */
export function listenSlowly(topic: Topic, listener: Listener, ms = 1500) {
  let due = 0
  let all: any[] = []
  const stop = listen(topic, (items) => {
    all = [...all, ...items].slice(-500)
    due ||= window.setTimeout(() => {
      due = 0
      const told = all
      all = []
      listener(told)
    }, ms)
  })
  return () => {
    clearTimeout(due)
    stop()
  }
}

const FOR_ANALYSTS = ['jobs', 'rules', 'settings']
function wanted() {
  return ['metrics', ...[...listeners].filter(([t, set]) => set.size && t !== 'metrics' && (may('analyst') || !FOR_ANALYSTS.includes(t))).map(([t]) => t)]
}

// Of payments only those are told that a page shows: at a hundred a second the rest would be read for nothing.
const LEVEL = 'LOW'
let asked = ''
function subscribe() {
  const topics = wanted()
  if (socket?.readyState !== WebSocket.OPEN || topics.join() === asked) return
  if (topics.some((t) => !asked.split(',').includes(t))) settling = 2
  asked = topics.join()
  socket.send(JSON.stringify({ topics, level: LEVEL }))
}

function heard(frame: { topic: Topic | 'hello' | 'reset' | 'lost'; id?: string; items: any[] }) {
  // The greeting names the newest id there is; what was missed before it is still to come.
  if (frame.id && !(frame.topic === 'hello' && lastId)) lastId = String(frame.id)
  last = Date.now()
  const was = live.value
  const now = { ...was, state: 'live' as State }
  // The first frame after a silence, or more has happened than the server keeps: lists are read anew.
  if (was.state === 'late' || frame.topic === 'reset' || frame.topic === 'lost') missed.value++
  if (frame.topic === 'metrics') {
    if (settling && !--settling) joined.value++
    const newest = frame.items[frame.items.length - 1]
    now.rate = newest.payments_per_s ?? now.rate
    // Where nothing was decided within the last seconds there is no latency.
    now.latency = newest.decision_ms?.p99 ?? null
  }
  if (now.state !== was.state || now.rate !== was.rate || now.latency !== was.latency) live.value = now
  listeners.get(frame.topic as Topic)?.forEach((listener) => listener(frame.items))
}

export async function connect() {
  if (socket || connecting || !me.value) return
  connecting = true
  const { ticket } = await send('POST', 'auth/ticket').catch(() => ({ ticket: '' }))
  connecting = false
  if (!ticket) return retry()
  const where = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`
  asked = wanted().join()
  const mine = new WebSocket(`${where}?ticket=${ticket}&topics=${asked}&level=${LEVEL}${lastId ? `&since=${encodeURIComponent(lastId)}` : ''}`)
  socket = mine
  mine.onopen = () => {
    wait = 500
    subscribe()
  }
  mine.onmessage = (event) => {
    if (socket !== mine) return
    const data = JSON.parse(event.data)
    for (const frame of Array.isArray(data) ? data : [data]) if (frame.items?.length || frame.topic === 'reset') heard(frame)
  }
  mine.onclose = () => {
    if (socket === mine) drop()
  }
}

/** This connection is no use any more; there will be another. */
function drop() {
  const old = socket
  socket = null
  old?.close()
  retry()
}

function retry() {
  if (live.value.state !== 'late') live.value = { ...live.value, state: 'late', late_since: last }
  clearTimeout(due)
  if (!me.value) return
  due = window.setTimeout(connect, wait)
  wait = Math.min(wait * 2, 8000)
}

/** Signed out: nothing of one person's stays for the next. */
export function disconnect() {
  clearTimeout(due)
  const old = socket
  socket = null
  lastId = null
  last = 0
  live.value = { state: 'starting', rate: 0, latency: null, late_since: 0 }
  old?.close()
}

// Metrics come each second: silence for three means that what is shown is old, for ten that nothing will come on this
// connection, whatever the network says.
setInterval(() => {
  const silent = Date.now() - last
  if (live.value.state === 'live' && silent > 3500) live.value = { ...live.value, state: 'late', late_since: last }
  if (socket?.readyState === WebSocket.OPEN && live.value.state === 'late' && silent > 10000) drop()
}, 1000)
addEventListener('offline', () => socket && drop())
addEventListener('online', () => {
  wait = 500
  if (!socket && me.value) {
    clearTimeout(due)
    void connect()
  }
})
