// The live feed: one stream for the whole page, resumed after a break, with a mark when it is late.
import { computed, signal } from '@preact/signals'
import { me, send } from './api'

export type Topic = 'payments' | 'alerts' | 'cases' | 'metrics' | 'jobs' | 'rules' | 'settings'
type Listener = (items: any[]) => void

type State = 'starting' | 'live' | 'late'
/** Changes when what is shown of it does, not with every frame that comes. */
export const live = signal({ state: 'starting' as State, rate: 0, latency: null as number | null, late_since: 0 })
/** What was heard last is old: pages grey it. */
export const late = computed(() => live.value.state === 'late')
let last = 0

const listeners = new Map<Topic, Set<Listener>>()
let socket: WebSocket | null = null
let lastId: string | null = null
let wait = 500

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

function wanted() {
  return ['metrics', ...[...listeners].filter(([t, set]) => set.size && t !== 'metrics').map(([t]) => t)]
}

function subscribe() {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ subscribe: wanted() }))
}

function heard(frame: { topic: Topic; id?: string; items: any[] }) {
  if (frame.id) lastId = String(frame.id)
  last = Date.now()
  const was = live.value
  const now = { ...was, state: 'live' as State }
  if (frame.topic === 'metrics') {
    const newest = frame.items[frame.items.length - 1]
    now.rate = newest.payments_per_s ?? now.rate
    // Where nothing was decided within the last seconds there is no latency: 0 is no figure of it.
    now.latency = newest.average_latency_ms || null
  }
  if (now.state !== was.state || now.rate !== was.rate || now.latency !== was.latency) live.value = now
  listeners.get(frame.topic)?.forEach((listener) => listener(frame.items))
}

export async function connect() {
  if (socket || !me.value) return
  const { ticket } = await send('POST', 'auth/ticket').catch(() => ({ ticket: '' }))
  if (!ticket) return retry()
  const where = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`
  socket = new WebSocket(`${where}?ticket=${ticket}${lastId ? `&since=${encodeURIComponent(lastId)}` : ''}`)
  socket.onopen = () => {
    wait = 500
    subscribe()
  }
  socket.onmessage = (event) => {
    const data = JSON.parse(event.data)
    for (const frame of Array.isArray(data) ? data : [data]) if (frame.items?.length) heard(frame)
  }
  socket.onclose = () => {
    socket = null
    retry()
  }
}

function retry() {
  live.value = { ...live.value, state: 'late', late_since: last }
  if (!me.value) return
  setTimeout(connect, wait)
  wait = Math.min(wait * 2, 15000)
}

export function disconnect() {
  socket?.close()
}

// Metrics come each second: silence for three means that what is shown is old.
setInterval(() => {
  if (live.value.state === 'live' && Date.now() - last > 3500) live.value = { ...live.value, state: 'late', late_since: last }
}, 1000)
