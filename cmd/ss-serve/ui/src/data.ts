// Data for a view: asked when it opens and when what it depends on changes; the old stays until the new is there.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { get, me, Problem } from './api'
import { missed } from './live'
import { returned } from './router'
import type { Answer, Item, Path, Query } from './contract'

export interface Loaded<T> {
  data: T | null
  fault: Problem | null
  loading: boolean
  again: () => void
}

/** `path` null: not wanted now. `every`: ask again after so many ms. */
export function useData<P extends Path>(path: P | null, query?: Query<P>, every?: number): Loaded<Answer<P>> {
  type T = Answer<P>
  const [state, set] = useState<{ data: T | null; fault: Problem | null; loading: boolean }>({ data: null, fault: null, loading: true })
  const [turn, next] = useState(0)
  const gap = missed.value
  const key = JSON.stringify([path, query])
  const keyShown = useRef('')
  useEffect(() => {
    if (path === null) return
    const abort = new AbortController()
    // Another subject's data must not be shown under this one's name.
    const other = keyShown.current.split('?')[0] !== path
    set((s) => ({ data: other ? null : s.data, fault: null, loading: true }))
    get<P>(path, query, abort.signal)
      .then((data) => {
        keyShown.current = `${path}?`
        set({ data, fault: null, loading: false })
      })
      .catch((fault) => fault.name !== 'AbortError' && set((s) => ({ data: s.data, fault, loading: false })))
    return () => abort.abort()
  }, [key, turn, gap])
  useEffect(() => {
    if (!every) return
    const timer = setInterval(() => document.visibilityState === 'visible' && next((n) => n + 1), every)
    return () => clearInterval(timer)
  }, [every])
  return { ...state, again: useCallback(() => next((n) => n + 1), []) }
}

export interface Listed<T> {
  items: T[]
  more: (() => void) | null
  fault: Problem | null
  loading: boolean
  again: () => void
  /** Changes items in place: what was just done, before the server says so again. */
  change: (f: (items: T[]) => T[]) => void
  /** How far it is scrolled: kept with the items, for whoever comes back. */
  place?: Place
}

interface Place {
  top: number
}
interface Left {
  items: unknown[]
  next: string | null
  place: Place
}
/** The lists last left, by who asked what; the oldest goes first. */
const left = new Map<string, Left>()
const LEFT = 6
// What is worked off is asked anew, where one answer holds it; the rest stands as it was left.
const WORKED_OFF = ['alerts', 'cases']

/** A list behind cursors that grows as it is scrolled. */
export function useList<P extends Path>(path: P | null, query?: Query<P>): Listed<Item<P>> {
  type T = Item<P>
  const key = JSON.stringify([path, query])
  const [found] = useState(() => (returned ? left.get(me.value?.email + key) : undefined))
  const [items, setItems] = useState<T[]>((found?.items as T[] | undefined) ?? [])
  const [next, setNext] = useState<string | null>(found?.next ?? null)
  const [fault, setFault] = useState<Problem | null>(null)
  const [loading, setLoading] = useState(!found)
  const [turn, setTurn] = useState(0)
  const busy = useRef<AbortController | null>(null)
  const place = useRef<Place>(found?.place ?? { top: 0 })
  const standing = useRef(!!found && !(WORKED_OFF.includes(path ?? '') && found.items.length <= 200))
  const load = (cursor: string | null) => {
    if (path === null) return
    const abort = (busy.current = new AbortController())
    setLoading(true)
    get<P>(path, { ...query, cursor } as unknown as Query<P>, abort.signal)
      .then((answer) => {
        const page = answer as { items: T[]; next: string | null }
        setItems((old) => (cursor ? [...old, ...page.items] : page.items))
        setNext(page.next)
        setFault(null)
        setLoading(false)
        busy.current = null
      })
      .catch((f) => {
        if (f.name === 'AbortError') return
        setFault(f)
        setLoading(false)
        busy.current = null
      })
  }
  useEffect(() => {
    if (!standing.current) load(null)
    standing.current = false
    return () => busy.current?.abort()
  }, [key, turn])
  const now = useRef<[string, Left] | null>(null)
  now.current = [me.value?.email + key, { items, next, place: place.current }]
  useEffect(() => () => {
    const [name, what] = now.current!
    left.delete(name)
    if (what.items.length) left.set(name, what)
    if (left.size > LEFT) left.delete(left.keys().next().value!)
  }, [])
  // What could not be asked while the server was away is asked now; a list that is there keeps its place.
  const again = useCallback(() => setTurn((n) => n + 1), [])
  const failed = useRef(false)
  failed.current = fault !== null
  const gap = missed.value
  useEffect(() => {
    if (failed.current) again()
  }, [gap])
  return {
    items,
    more: next && !loading ? () => !busy.current && load(next) : null,
    fault,
    loading,
    again,
    change: setItems,
    place: place.current,
  }
}
