// What is told of cases while they are looked at: shown in the lines that are there; read again where that is not enough.
import { useEffect, useRef } from 'preact/hooks'
import { me } from '../api'
import type { Listed } from '../data'
import { joined, listen, missed } from '../live'
import { usePace } from '../pace'
import type { Case } from '../types'

export interface News {
  /** Of several at once: their ids, and nothing else. */
  ids?: number[]
  id: number
  version: number
  title: string
  status: string
  priority: Case['priority']
  assigned_to: number | null
  due: string
  breached: boolean
  alerts: number
  amount: number
}

/** News are gathered for so long; what they make necessary to read is read within SOON, what they only may within LATER. */
const GATHER = 500
const SOON = 1500
const LATER = 15000

/** May such a case be behind the tab? */
function belongs({ status, assigned_to }: News, tab: string) {
  const over = status === 'resolved' || status === 'closed'
  if (tab === 'all') return true
  if (tab === 'resolved') return status === 'resolved'
  if (tab === 'mine') return !over && assigned_to === me.value?.id
  return !over && (tab !== 'unassigned' || assigned_to === null)
}
/** Can its line say what is new of it, and stay where it is? */
function holds(c: Case, news: News) {
  return c.status === news.status && (c.assigned_to?.id ?? null) === news.assigned_to && Date.parse(c.sla.due ?? '') === Date.parse(news.due) && (c.sla.state === 'breached') === news.breached
}
const renewed = (c: Case, { version, title, priority, alerts, amount }: News): Case => ({ ...c, version, title, priority, alerts_count: alerts, amount })

/** Keeps a list of cases, and `read` beside it, as new as what is told. */
export function useNewsOfCases(list: Listed<Case>, read: () => void, tab: string, searched: boolean) {
  const want = usePace(read, list.loading, SOON)
  const now = useRef({ list, tab, searched })
  now.current = { list, tab, searched }
  useEffect(() => {
    const told = new Map<number, News>()
    let many = false
    let due = 0
    const show = () => {
      const { list, tab, searched } = now.current
      const there = new Map(list.items.map((c) => [c.id, c]))
      const last = list.more ? Date.parse(list.items[list.items.length - 1]?.sla.due ?? '') : Infinity
      let soon = many
      for (const news of [...told.values()]) {
        const c = there.get(news.id)
        if (c ? c.version >= news.version || holds(c, news) : !belongs(news, tab) || (!searched && Date.parse(news.due) > last)) continue
        soon = true
        told.delete(news.id)
      }
      if ([...told.values()].some((news) => (there.get(news.id)?.version ?? Infinity) < news.version)) {
        const fresh = new Map(told)
        list.change((all) => all.map((c) => ((fresh.get(c.id)?.version ?? 0) > c.version ? renewed(c, fresh.get(c.id)!) : c)))
      }
      told.clear()
      many = false
      due = 0
      want(soon ? SOON : LATER)
    }
    const stop = listen('cases', (items: News[]) => {
      for (const news of items) news.id ? told.set(news.id, news) : (many = true)
      due ||= window.setTimeout(show, GATHER)
    })
    return () => {
      clearTimeout(due)
      stop()
    }
  }, [])
  // What was not told, or may not have been.
  const gap = missed.value + joined.value
  const known = useRef(gap)
  useEffect(() => {
    if (known.current !== gap) want()
    known.current = gap
  }, [gap])
}

/** The same for one case: read again when it is of another version than the one that is shown. */
export function useNewsOfCase(id: number, version: number | undefined, loading: boolean, read: () => void) {
  const now = useRef({ version, told: 0 })
  now.current.version = version
  // At once, where nothing was read just before: what is done next is done to the version that is shown.
  const want = usePace(() => now.current.told > (now.current.version ?? 0) && read(), loading, 0, 4)
  useEffect(() => listen('cases', (items: News[]) => {
    const { version = 0, told } = now.current
    const newest = Math.max(0, ...items.map((i) => (i.id === id ? i.version : i.ids?.includes(id) ? version + 1 : 0)))
    if (newest <= version) return
    now.current.told = Math.max(told, newest)
    want()
  }), [id])
}
