// Data for a view: asked when it opens and when what it depends on changes; the old stays until the new is there.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { get, Problem } from './api'
import { missed } from './live'
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
}

/** A list behind cursors that grows as it is scrolled. */
export function useList<P extends Path>(path: P | null, query?: Query<P>): Listed<Item<P>> {
  type T = Item<P>
  const [items, setItems] = useState<T[]>([])
  const [next, setNext] = useState<string | null>(null)
  const [fault, setFault] = useState<Problem | null>(null)
  const [loading, setLoading] = useState(true)
  const [turn, setTurn] = useState(0)
  const busy = useRef<AbortController | null>(null)
  const key = JSON.stringify([path, query])
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
    load(null)
    return () => busy.current?.abort()
  }, [key, turn])
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
  }
}
