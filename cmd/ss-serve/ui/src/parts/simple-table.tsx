import { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Listed, Loaded } from '../data'
import { Fault, Skeleton } from './states'

/** Asks for more when it comes in sight, unless that has failed; a press does the same. */
function More({ more, self }: { more: () => void; self: boolean }) {
  const box = useRef<HTMLButtonElement>(null)
  const ask = useRef(more)
  ask.current = more
  useEffect(() => {
    if (!self) return
    const watch = new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && ask.current(), { rootMargin: '200px' })
    watch.observe(box.current!)
    return () => watch.disconnect()
  }, [])
  return <div style={{ padding: '10px' }}><button ref={box} type="button" class="button" onClick={more}>More</button></div>
}

interface Head<T> {
  title: string
  cell: (item: T) => ComponentChildren
  number?: boolean
}

/** A short table: all of it is in the page. */
export function SimpleTable<T>({ label, of, heads, id, empty, open }: { label: string; of: Pick<Listed<T>, 'items' | 'fault' | 'loading' | 'again' | 'more'>; heads: Head<T>[]; id: (item: T) => string | number; empty: ComponentChildren; open?: (item: T) => void }) {
  return (
    <div class="card flush scroll" tabIndex={0} role="region" aria-label={label}>
      <Fault fault={of.fault} again={of.again} />
      <table class="table">
        <caption class="visually-hidden">{label}</caption>
        <thead>
          <tr>
            {heads.map((h) => (
              <th key={h.title} scope="col" class={h.number ? 'number' : ''}>{h.title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {of.items.map((item) => (
            <tr key={id(item)} class={open ? 'can' : ''} onClick={() => open?.(item)}>
              {heads.map((h) => (
                <td key={h.title} class={h.number ? 'number' : ''}>{h.cell(item)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {of.loading && !of.items.length && <div style={{ padding: '12px' }}><Skeleton lines={6} /></div>}
      {!of.loading && !of.items.length && !of.fault && <div class="empty">{empty}</div>}
      {of.more && <More key={String(!!of.fault)} more={of.more} self={!of.fault} />}
    </div>
  )
}

/** {"items":[...]} without pages, as a list. */
export function asList<T>(of: Loaded<{ items: T[] }>) {
  return { items: of.data?.items ?? [], fault: of.fault, loading: of.loading, again: of.again, more: null }
}
