// The live feed: what a person would want to look at, newest first; space holds it still.
import { useEffect, useRef, useState } from 'preact/hooks'
import { get } from '../api'
import { plain, words } from '../format'
import { useKeys } from '../keys'
import { joined, listen, missed } from '../live'
import { go } from '../router'
import { Payment } from '../types'
import { LevelTag } from './level'
import { Money } from './money'
import { Empty, Skeleton } from './states'
import { When } from './when'

const SHOWN = 40

export function place(p: Payment) {
  return [p.user_id && `customer ${p.user_id}`, p.location ?? p.country, words(p.category ?? p.channel).toLowerCase()].filter(Boolean).join(' · ')
}

/** Each payment once, however often it was told; no more than are shown. */
function once(all: Payment[]) {
  const seen = new Set<string>()
  return all.filter((p) => seen.size < SHOWN && !seen.has(p.txn_id) && seen.add(p.txn_id))
}
/** The feed's order is that of arrival; what was read beside it goes by its time. */
function join(told: Payment[], read: Payment[]) {
  const known = new Set(told.map((p) => p.txn_id))
  const newest = told[0] ? Date.parse(told[0].timestamp) : 0
  const rest = read.filter((p) => !known.has(p.txn_id))
  return once([...rest.filter((p) => Date.parse(p.timestamp) > newest), ...told, ...rest.filter((p) => Date.parse(p.timestamp) <= newest)])
}

/** The payments of a level that somebody should see. */
export function Feed() {
  const [items, setItems] = useState<Payment[]>([])
  const [read, setRead] = useState(false)
  const [paused, setPaused] = useState(false)
  const [tries, retry] = useState(0)
  const waiting = useRef<Payment[]>([])
  const still = useRef(false)
  still.current = paused
  const gap = missed.value + joined.value
  // Those before the first that is told; after a break, those that came meanwhile.
  useEffect(() => {
    if (paused) return
    let gone = false
    let due = 0
    void get('payments', { limit: SHOWN, level: 'LOW,MEDIUM,HIGH,CRITICAL' })
      .then((page) => {
        if (gone) return
        setItems((now) => join(now, page.items))
        setRead(true)
      })
      // Nothing else would ask again: what came meanwhile would be missing for good.
      .catch(() => {
        if (gone) return
        setRead(true)
        due = window.setTimeout(() => retry((n) => n + 1), 3000)
      })
    return () => {
      gone = true
      clearTimeout(due)
    }
  }, [gap, paused, tries])
  useEffect(() => {
    let due = 0
    const show = () => {
      due = 0
      if (still.current || !waiting.current.length) return
      const fresh = waiting.current.reverse()
      waiting.current = []
      setItems((old) => once([...fresh, ...old]))
    }
    const stop = listen('payments', (news: Payment[]) => {
      waiting.current = [...waiting.current, ...news].slice(-SHOWN)
      // At most four times a second, however many come.
      if (!due) due = window.setTimeout(show, 250)
    })
    return () => {
      clearTimeout(due)
      stop()
    }
  }, [])
  const toggle = () => setPaused((p) => !p)
  useKeys([{ key: ' ', what: 'Hold the live feed, or let it go on', run: toggle }])
  return (
    <section class="card live" aria-label="Live payments">
      <header>
        <h2>Live</h2>
        <button type="button" class="button plain small" aria-pressed={paused} onClick={toggle}>
          {paused ? 'go on' : 'pause'} <kbd>space</kbd>
        </button>
      </header>
      {items.length ? (
        <ol class="lines feed scroll" tabIndex={0} aria-label="Newest first">
          {items.map((p) => (
            <li key={p.txn_id}>
              <button type="button" class="feed-line" onClick={() => go(`/payments?open=${encodeURIComponent(p.txn_id)}`)}>
                <span class="quiet small"><When at={p.timestamp} as="time" /></span>
                <LevelTag level={p.level} />
                <b class="number"><Money of={p.amount} currency={p.currency} /></b>
                <span class="reason">{plain(p.reason) || 'No one reason stands out'}</span>
                <span class="place quiet small clip">{place(p)}</span>
              </button>
            </li>
          ))}
        </ol>
      ) : !read ? (
        <Skeleton lines={9} height={20} />
      ) : (
        <Empty command="ss-gen --rate 50 | ss-run 'ingest | features | score | rules' | ss-store fraud.db | ss-serve fraud.db">
          Payments that deserve a look appear here as they come.
        </Empty>
      )}
    </section>
  )
}
