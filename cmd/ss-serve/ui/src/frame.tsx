import { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { signal } from '@preact/signals'
import { leave, may, me, send } from './api'
import { count, milliseconds } from './format'
import { known, letters, setLetters, useKeys } from './keys'
import { connect, disconnect, late, listen, live } from './live'
import { commands, Palette, paletteOpen } from './palette'
import { setTheme } from './parts/chart'
import { Dialog, keepFocus } from './parts/dialog'
import { Icon, Mark } from './parts/icons'
import { Menu } from './parts/menu'
import { Toasts } from './parts/toast'
import { useData } from './data'
import { go, path } from './router'

interface Place {
  path: string
  name: string
  letter: string
  group?: 'Decide' | 'Run'
  role?: 'analyst' | 'admin'
}
export const places: Place[] = [
  { path: '/', name: 'Overview', letter: 'o' },
  { path: '/payments', name: 'Payments', letter: 'p' },
  { path: '/alerts', name: 'Alerts', letter: 'a' },
  { path: '/cases', name: 'Cases', letter: 'c' },
  { path: '/customers', name: 'Customers', letter: 'u' },
  { path: '/analytics', name: 'Analytics', letter: 'n' },
  { path: '/rules', name: 'Rules', letter: 'r', group: 'Decide' },
  { path: '/lists', name: 'Lists', letter: 'l', group: 'Decide' },
  { path: '/what-if', name: 'What-if', letter: 'w', group: 'Decide' },
  { path: '/lab', name: 'Lab', letter: 'b', group: 'Decide', role: 'analyst' },
  { path: '/people', name: 'People', letter: 'e', group: 'Run', role: 'admin' },
  { path: '/keys', name: 'Keys', letter: 'k', group: 'Run', role: 'admin' },
  { path: '/settings', name: 'Settings', letter: 's', group: 'Run', role: 'admin' },
  { path: '/audit', name: 'Audit', letter: 't', group: 'Run', role: 'admin' },
]
const icon = (place: Place) => place.path.slice(1) || 'overview'

/** Set by each page: its title, its main filter, and whether it fills the room itself. */
export const heading = signal<{ title: string; filter?: ComponentChildren; whole?: boolean }>({ title: '' })
export function useHeading(title: string, filter?: ComponentChildren, whole = false) {
  heading.value = { title, filter, whole }
  document.title = `${title} · Sentinel Stream`
}

function here(place: Place) {
  return place.path === '/' ? path.value === '/' : path.value === place.path || path.value.startsWith(`${place.path}/`)
}

function Side() {
  const mine = places.filter((p) => !p.role || may(p.role))
  const stats = useData('cases/stats', undefined, 30000)
  const alerts = useData('alerts/counts', undefined, 15000)
  const badge = (place: Place) =>
    place.path === '/alerts' ? alerts.data?.by_status?.new : place.path === '/cases' ? stats.data?.open_cases : undefined
  const group = (name?: string) =>
    mine
      .filter((p) => p.group === name)
      .map((p) => (
        <a key={p.path} href={p.path} aria-current={here(p) ? 'page' : undefined} title={`${p.name} (g ${p.letter})`}>
          <Icon name={icon(p)} />
          <span>{p.name}</span>
          {badge(p) ? <b class={p.path === '/alerts' ? 'bad' : 'quiet'}>{count(badge(p))}</b> : null}
        </a>
      ))
  return (
    <aside class="side" aria-label="Places">
      <a class="brand" href="/" aria-label="Sentinel Stream, overview">
        <Mark />
        <span>Sentinel Stream</span>
      </a>
      <nav aria-label="Pages">
        {group()}
        <h2>Decide</h2>
        {group('Decide')}
        {may('admin') && <h2>Run</h2>}
        {group('Run')}
      </nav>
      <footer>
        <Menu class="button plain" title="You" label={<><Icon name="customers" /><span class="who clip">{me.value?.email}</span></>}>
          <button type="button" onClick={() => go('/me')}>Your account</button>
          <button type="button" onClick={() => setTheme('light')}>Light</button>
          <button type="button" onClick={() => setTheme('dark')}>Dark</button>
          <button type="button" onClick={() => setTheme('system')}>As the system</button>
          <button
            type="button"
            onClick={async () => {
              await send('POST', 'auth/logout').catch(() => {})
              disconnect()
              leave()
            }}
          >
            Sign out
          </button>
        </Menu>
      </footer>
    </aside>
  )
}

function Pill() {
  const { state, rate, latency, late_since: last } = live.value
  const silent = state !== 'live'
  return (
    <div class={`pill ${silent ? 'late' : ''}`} title={last ? `Last heard at ${new Date(last).toLocaleTimeString()}` : undefined}>
      {/* Its figures change each second: read aloud is only what it means. */}
      <span role="status">{silent ? (state === 'starting' ? 'connecting' : `stale since ${last ? new Date(last).toLocaleTimeString() : 'the start'}`) : 'live'}</span>
      {!silent && (
        <>
          <b>{count(rate)}</b> payments/s
          <span class="more">
            {latency != null && <span title="99 of 100 payments of the last ten seconds were decided, and kept, within this">p99 <b>{milliseconds(latency * 1000)}</b> ms</span>}
          </span>
        </>
      )}
    </div>
  )
}

function Top() {
  return (
    <header class="top">
      <h1 title={heading.value.title}>{heading.value.title}</h1>
      <div class="filter">{heading.value.filter}</div>
      <button type="button" class="find" aria-label="Search payments, customers, cases" onClick={() => (paletteOpen.value = true)}>
        <svg width="15" height="15" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.500" stroke-linecap="round" aria-hidden="true"><circle cx="7" cy="7" r="4.500" /><path d="m10.500 10.500 3.500 3.500" /></svg>
        <span class="clip">Search<span class="more"> payments, customers, cases</span></span>
        <kbd>/</kbd>
      </button>
      <Pill />
    </header>
  )
}

const mapOpen = signal(false)

function KeyMap({ close }: { close: () => void }) {
  const seen = new Set<string>()
  const all = known.value.filter((k) => !seen.has(k.key) && seen.add(k.key))
  return (
    <Dialog title="Keys" close={close}>
      <dl class="key-map">
        {all.map((k) => (
          <div key={k.key}>
            <dt>
              <kbd>{k.key.replace('mod+', 'Ctrl ').replace(/^ $/, 'space')}</kbd>
            </dt>
            <dd>{k.what}</dd>
          </div>
        ))}
      </dl>
      <label class="row" style={{ marginTop: '12px' }}>
        <input type="checkbox" checked={letters.value} onChange={(e) => setLetters(e.currentTarget.checked)} /> Keys of one letter; without them, Ctrl K opens this
      </label>
    </Dialog>
  )
}

export function Frame({ children }: { children: ComponentChildren }) {
  useEffect(() => {
    void connect()
    const stop = listen('metrics', () => {})
    return stop
  }, [])
  useEffect(() => {
    commands.value = [
      ...places.filter((p) => !p.role || may(p.role)).map((p) => ({ name: p.name, keys: `g ${p.letter}`, run: () => go(p.path) })),
      { name: 'Light theme', run: () => setTheme('light') },
      { name: 'Dark theme', run: () => setTheme('dark') },
      { name: 'Your account', run: () => go('/me') },
      { name: 'Keys of this page', keys: '?', run: () => (mapOpen.value = true) },
    ]
  }, [me.value])
  // What had the focus may have gone with the page before.
  useEffect(keepFocus, [heading.value.title])
  useKeys([
    { key: 'mod+k', what: 'Find or do', run: () => (paletteOpen.value = true) },
    { key: '/', what: 'Search', run: () => (paletteOpen.value = true) },
    { key: '?', what: 'This map', run: () => (mapOpen.value = true) },
    ...places.filter((p) => !p.role || may(p.role)).map((p) => ({ key: `g ${p.letter}`, what: p.name, run: () => go(p.path) })),
  ])
  return (
    <div class="frame">
      <a class="skip" href="#page" onClick={(e) => { e.preventDefault(); document.getElementById('page')?.focus() }}>Skip to the page</a>
      <Side />
      <Top />
      {/* Where one has come to, for those who hear it. */}
      <div class="visually-hidden" aria-live="polite">{heading.value.title}</div>
      <main id="page" tabIndex={-1} class={`page ${heading.value.whole ? 'whole' : ''} ${late.value ? 'is-late' : ''}`}>
        {children}
      </main>
      {paletteOpen.value && <Palette />}
      {mapOpen.value && <KeyMap close={() => (mapOpen.value = false)} />}
      <Toasts />
    </div>
  )
}
