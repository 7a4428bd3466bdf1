// The table of long lists: only the rows in sight are in the page, more are asked for near the end.
import { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { signal } from '@preact/signals'
import { Listed } from '../data'
import { keep, kept } from '../kept'
import { useKeys } from '../keys'
import { LevelTag } from './level'
import { Fault, Skeleton } from './states'
import { When } from './when'
import { Menu } from './menu'

export interface Column<T> {
  key: string
  title: string
  cell: (item: T) => ComponentChildren
  number?: boolean
  /** Takes what room the others leave, and is cut where there is none. */
  wide?: boolean
  /** The word of the list's ?sort. */
  sort?: string
  /** Not shown unless chosen. */
  hidden?: boolean
}

export const density = signal(kept('density') ?? 'dense')
export function setDensity(name: string) {
  keep('density', name)
  document.documentElement.dataset.density = density.value = name
}
document.documentElement.dataset.density = density.value

interface Props<T> {
  /** For the chosen columns, kept in this browser. */
  name: string
  label: string
  list: Listed<T>
  columns: Column<T>[]
  id: (item: T) => string
  open?: (item: T) => void
  opened?: string | null
  sort?: string
  setSort?: (sort: string) => void
  selected?: Set<string>
  select?: (ids: Set<string>) => void
  empty: ComponentChildren
  /** A row in two lines, for a phone: what one decides by, without scrolling sideways. */
  brief?: (item: T) => ComponentChildren
  height?: string
}

export function shownColumns<T>(name: string, columns: Column<T>[]) {
  const chosen = kept(`columns.${name}`)?.split(',')
  const shown = columns.filter((c) => chosen?.includes(c.key))
  return shown.length ? shown : columns.filter((c) => !c.hidden)
}

const narrow = signal(innerWidth <= 640)
matchMedia('(max-width: 640px)').addEventListener('change', (e) => (narrow.value = e.matches))

/** The column chooser and the density switch, for the page's bar; a row in two lines has neither. */
export function TableMenu<T>({ name, columns, changed }: { name: string; columns: Column<T>[]; changed: () => void }) {
  if (narrow.value) return null
  const shown = shownColumns(name, columns).map((c) => c.key)
  const toggle = (key: string) => {
    const next = columns.map((c) => c.key).filter((k) => (k === key ? !shown.includes(k) : shown.includes(k)))
    if (next.length) keep(`columns.${name}`, next.join())
    changed()
  }
  return (
    <Menu label="Columns">
      {columns.map((c) => (
        <label key={c.key}>
          <input type="checkbox" checked={shown.includes(c.key)} onChange={() => toggle(c.key)} /> {c.title}
        </label>
      ))}
      <button type="button" onClick={() => setDensity(density.value === 'dense' ? 'roomy' : 'dense')}>
        {density.value === 'dense' ? 'Roomy rows' : 'Dense rows'}
      </button>
    </Menu>
  )
}

/** What `brief` gives, as a rule. */
export function Brief({ level, at, money, about }: { level: string | null | undefined; at: string | null | undefined; money: string; about: string }) {
  return (
    <>
      <span class="row"><LevelTag level={level} /><span class="quiet small grow"><When at={at} /></span><b>{money}</b></span>
      <span class="clip">{about}</span>
    </>
  )
}

export function Table<T>(props: Props<T>) {
  const { list, columns, id, open, sort, setSort, selected, select } = props
  const brief = narrow.value ? props.brief : undefined
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 800 })
  const [current, setCurrent] = useState(-1)
  const row = brief ? 58 : density.value === 'dense' ? 32 : 40
  const shown = shownColumns(props.name, columns)
  const first = Math.max(0, Math.floor(view.top / row) - 8)
  const last = Math.min(list.items.length, Math.ceil((view.top + view.height) / row) + 8)

  const broken = list.fault !== null && !list.items.length
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const look = () => {
      if (list.place) list.place.top = element.scrollTop
      setView({ top: element.scrollTop, height: element.clientHeight })
    }
    if (list.place) element.scrollTop = list.place.top
    look()
    element.addEventListener('scroll', look, { passive: true })
    const watch = new ResizeObserver(look)
    watch.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      watch.disconnect()
    }
  }, [broken])
  useEffect(() => {
    // What failed is asked again when somebody says so, not for ever.
    if (list.more && !list.fault && last > list.items.length - 20) list.more()
  }, [last, list.items.length, list.more])

  // The focus goes along with the row that keys lead to, once it is drawn: what is read aloud is where one is.
  const walked = useRef(false)
  useLayoutEffect(() => {
    const there = walked.current && !props.opened ? box.current?.querySelector<HTMLElement>('tr.current') : null
    if (!there) return
    walked.current = false
    there.focus({ preventScroll: true })
  })
  const move = (by: number) => {
    const to = Math.max(0, Math.min(list.items.length - 1, current + by))
    setCurrent(to)
    walked.current = true
    const element = box.current
    if (!element) return
    if (to * row < element.scrollTop) element.scrollTop = to * row
    if ((to + 3) * row > element.scrollTop + element.clientHeight) element.scrollTop = (to + 3) * row - element.clientHeight
    if (props.opened && list.items[to]) open?.(list.items[to])
  }
  const toggle = (key: string) => {
    const next = new Set(selected)
    next.has(key) ? next.delete(key) : next.add(key)
    select?.(next)
  }
  useKeys([
    { key: 'j', what: 'Next row', run: () => move(1) },
    { key: 'k', what: 'Previous row', run: () => move(-1) },
    ...(open ? [{ key: 'Enter', what: 'Open the row', run: () => list.items[current] && open(list.items[current]) }] : []),
    ...(select ? [{ key: 'x', what: 'Select the row', run: () => list.items[current] && toggle(id(list.items[current])) }] : []),
  ])

  if (broken) return <Fault fault={list.fault} again={list.again} />
  const sorted = (c: Column<T>) => (sort === c.sort ? 'ascending' : sort === `-${c.sort}` ? 'descending' : 'none')
  const title = (c: Column<T>) =>
    c.sort && setSort ? (
      <button key={c.key} type="button" onClick={() => setSort(sort === `-${c.sort}` ? c.sort! : `-${c.sort}`)}>
        {c.title}
        {sorted(c) === 'ascending' ? ' ↑' : sorted(c) === 'descending' ? ' ↓' : ''}
      </button>
    ) : (
      c.title
    )
  return (
    <div ref={box} class="scroll table-box" style={{ height: props.height ?? '100%' }} tabIndex={0} role="region" aria-label={props.label}>
      <table class="table" data-brief={brief ? '' : undefined} aria-rowcount={list.items.length}>
        <caption class="visually-hidden">{props.label}</caption>
        <thead>
          <tr>
            {select && (
              <th scope="col" style={{ width: '28px' }}>
                <input
                  type="checkbox"
                  aria-label="Select all"
                  checked={!!list.items.length && list.items.every((i) => selected?.has(id(i)))}
                  onChange={(e) => select(new Set((e.target as HTMLInputElement).checked ? list.items.map(id) : []))}
                />
              </th>
            )}
            {brief ? (
              <th scope="col" class="brief">
                <span class="row wrap">{shown.filter((c) => c.sort && setSort).map(title)}</span>
              </th>
            ) : (
              shown.map((c) => (
                <th key={c.key} scope="col" class={c.number ? 'number' : ''} aria-sort={c.sort ? sorted(c) : undefined}>{title(c)}</th>
              ))
            )}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr aria-hidden="true" style={{ height: `${first * row}px` }} />}
          {list.items.slice(first, last).map((item, i) => {
            const key = id(item)
            const at = first + i
            return (
              <tr
                key={key}
                class={`${open ? 'can' : ''} ${at === current || key === props.opened ? 'current' : ''}`}
                aria-selected={selected?.has(key)}
                aria-rowindex={at + 1}
                tabIndex={open ? -1 : undefined}
                onClick={() => {
                  setCurrent(at)
                  open?.(item)
                }}
              >
                {select && (
                  <td onClick={(e) => e.stopPropagation()}>
                    <input type="checkbox" aria-label={`Select ${key}`} checked={!!selected?.has(key)} onChange={() => toggle(key)} />
                  </td>
                )}
                {brief ? <td class="brief">{brief(item)}</td> : shown.map((c) => (
                  <td key={c.key} class={c.number ? 'number' : c.wide ? 'wide-cell' : ''}>{c.cell(item)}</td>
                ))}
              </tr>
            )
          })}
          {last < list.items.length && <tr aria-hidden="true" style={{ height: `${(list.items.length - last) * row}px` }} />}
        </tbody>
      </table>
      <Fault fault={list.fault} again={list.more ?? list.again} />
      {list.loading && !list.items.length && <div style={{ padding: '12px' }}><Skeleton lines={12} /></div>}
      {!list.loading && !list.items.length && props.empty}
    </div>
  )
}
