// The API, from the page's side: cookies carry the session, problems become errors with words in them.
import { signal } from '@preact/signals'
import { heardTime } from './clock'
import { keep, kept } from './kept'
import type { Answer, Body, Method, Path, Query as Asked, Schema } from './contract'

export type Me = Schema<'User'>
export const me = signal<Me | null>(null)

/** The session ended while its person was at work: the page stays as it is, and what was asked waits (parts/lapsed.tsx). */
export const lapsed = signal(false)
let waiting: (() => void)[] = []
function signedInAgain() {
  lapsed.value = true
  return new Promise<void>((go) => waiting.push(go))
}
/** Whoever signed in again goes on; where nobody did (`me` is null by then) what waits is refused. */
export function goOn() {
  lapsed.value = false
  for (const go of waiting.splice(0)) go()
}

/** What the server says is wrong: `detail` for people, `code` for programs, `errors` by name of the value. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly errors: { name?: string; detail?: string }[] = [],
  ) {
    super(detail)
  }
  /** The words for one value of a form. */
  of(name: string) {
    return this.errors.find((e) => e.name === name)?.detail
  }
}

/** What is asked, by name; what is empty is left out. */
type Words = Record<string, unknown>
const BASE = '/api/v1/'

export function url<P extends Path>(path: P, query?: Asked<P>) {
  return address(path, query)
}
function address(path: string, query?: Words) {
  const words = Object.entries(query ?? {}).filter(([, v]) => v !== undefined && v !== null && v !== '')
  const text = words.map(([k, v]) => `${k}=${encodeURIComponent(String(v))}`).join('&')
  return BASE + path + (text ? `?${text}` : '')
}

async function problem(answer: Response) {
  const body = await answer.json().catch(() => ({}))
  return new Problem(answer.status, body.code ?? '', body.detail ?? body.title ?? `status ${answer.status}`, body.errors)
}

async function ask(path: string, init: RequestInit, query?: Words) {
  try {
    const answer = await fetch(address(path, query), { credentials: 'same-origin', ...init })
    heardTime(answer.headers.get('Date'))
    return answer
  } catch (fault) {
    if ((fault as Error).name === 'AbortError') throw fault
    throw new Problem(0, 'offline', 'The server cannot be reached. What you see is from before; it goes on by itself.')
  }
}

// One renewal at a time, however many calls found the session to have run out. A server that cannot be reached, or
// cannot answer now, says nothing about the session.
let renewal: Promise<boolean> | null = null
function renew() {
  renewal ??= ask('auth/refresh', { method: 'POST' })
    .then(async (answer) => {
      if (answer.status === 429 || answer.status >= 500) throw await problem(answer)
      return answer.ok
    })
    .finally(() => setTimeout(() => (renewal = null)))
  return renewal
}
// Their 401 is about what was typed.
const WAYS_IN = /^auth\/(login|logout|refresh|register|setup|password|state)$/

async function call(path: string, init: RequestInit, query?: Words): Promise<Response> {
  let answer = await ask(path, init, query)
  if (answer.status === 401 && me.value && !WAYS_IN.test(path)) {
    if (!(await renew())) await signedInAgain()
    if (me.value) answer = await ask(path, init, query)
  }
  if (!answer.ok && answer.status !== 304) throw await problem(answer)
  return answer
}

export async function get<P extends Path>(path: P, query?: Asked<P>, abort?: AbortSignal): Promise<Answer<P>> {
  return (await call(path, { signal: abort }, query)).json()
}

/** A change. `version` is the ETag's number, for what several people may change at once. */
export async function send<M extends Method, P extends Path<M>>(method: M, path: P, body?: Body<P, M>, version?: number, query?: Asked<P, M>): Promise<Answer<P, M>> {
  const headers: Record<string, string> = {}
  if (body !== undefined && !(body instanceof Blob)) headers['Content-Type'] = 'application/json'
  if (body instanceof Blob) headers['Content-Type'] = body.type || 'application/octet-stream'
  if (version !== undefined) headers['If-Match'] = `"${version}"`
  if (method === 'POST') headers['Idempotency-Key'] = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`
  const payload = body === undefined ? undefined : body instanceof Blob ? body : JSON.stringify(body)
  const change = async () => {
    const text = await (await call(path, { method, headers, body: payload }, query)).text()
    return (text ? JSON.parse(text) : undefined) as Answer<P, M>
  }
  if (payload instanceof Blob) return change()
  // Asked for twice before it is answered, it is one and the same change.
  const name = [method, address(path, query), version, payload].join(' ')
  if (!underWay.has(name)) underWay.set(name, change().finally(() => underWay.delete(name)))
  return underWay.get(name) as Promise<Answer<P, M>>
}
const underWay = new Map<string, Promise<unknown>>()

/** Who is signed in, asked once at the start; renews a session that ran out while the page was closed. */
export async function whoami(): Promise<Me | null> {
  const state = await (await ask('auth/state', {})).json()
  const known = state.signed_in || (kept('signed-in') && (await renew()))
  const answer = known ? await ask('auth/me', {}) : null
  me.value = answer?.ok ? await answer.json() : null
  keep('signed-in', me.value ? String(me.value.id) : null)
  return me.value
}
/** Signed out, or somebody else now: nothing that waits may go on. */
export function leave() {
  keep('signed-in', null)
  me.value = null
  goOn()
}
// Another tab signed out, or in again.
addEventListener('storage', (event) => {
  if (event.key !== 'signed-in' || !me.value) return
  if (event.newValue === null) leave()
  else if (event.newValue !== String(me.value.id)) location.reload()
  else if (lapsed.value) void whoami().then(goOn, () => {})
})

const RANK = { viewer: 0, analyst: 1, admin: 2 }
export function may(role: keyof typeof RANK) {
  return me.value !== null && RANK[me.value.role] >= RANK[role]
}
