import './style/tokens.css'
import './style/base.css'
import './style/parts.css'
import './style/frame.css'
import './style/media.css'
import './twice'
import { ComponentType, render } from 'preact'
import { useEffect, useErrorBoundary, useRef, useState } from 'preact/hooks'
import { lapsed, may, me, Problem, whoami } from './api'
import { Frame } from './frame'
import { missed } from './live'
import { Lapsed } from './parts/lapsed'
import { Empty, Fault, Skeleton } from './parts/states'
import { toast } from './parts/toast'
import { go, parts, path, query } from './router'

// Each page is a part of its own, loaded when it is first opened.
const pages: Record<string, () => Promise<{ default: ComponentType }>> = {
  '': () => import('./pages/overview'),
  payments: () => import('./pages/payments'),
  alerts: () => import('./pages/alerts'),
  cases: () => import('./pages/cases'),
  customers: () => import('./pages/customers'),
  analytics: () => import('./pages/analytics'),
  'what-if': () => import('./pages/what-if'),
  rules: () => import('./pages/rules'),
  lists: () => import('./pages/lists'),
  lab: () => import('./pages/lab'),
  me: () => import('./pages/me'),
  people: () => import('./pages/people'),
  keys: () => import('./pages/keys'),
  settings: () => import('./pages/settings'),
  audit: () => import('./pages/audit'),
}

const FOR_ADMINS = ['people', 'keys', 'settings', 'audit']

/** A page's own part did not come: the server is away, or is another version by now. */
function Unloaded() {
  const gap = missed.value
  const first = useRef(gap)
  // A part that failed to load may stay failed for as long as the document lives: a reload is what helps.
  const again = () => void whoami().then(() => location.reload(), () => {})
  useEffect(() => {
    if (gap !== first.current) again()
  }, [gap])
  return <Fault fault={new Problem(0, 'offline', 'The server cannot be reached, and this page is not here yet. It opens by itself once the server is back.')} again={again} />
}

function Room() {
  const name = parts.value[0] ?? ''
  const [shown, set] = useState<{ name: string; page: ComponentType | null }>({ name: '', page: null })
  useEffect(() => {
    let gone = false
    if (name === 'sign-in') return go('/', true)
    const load = pages[name]
    if (FOR_ADMINS.includes(name) && !may('admin')) return set({ name, page: () => <Empty>An administrator may open this page.</Empty> })
    if (load) load().then((m) => !gone && set({ name, page: m.default }), () => !gone && set({ name, page: Unloaded }))
    else set({ name, page: () => <Empty>There is no page of this name. Ctrl K finds those there are.</Empty> })
    return () => {
      gone = true
    }
  }, [name])
  return shown.name === name && shown.page ? <shown.page /> : <Skeleton lines={8} />
}

/** What a page cannot show must not take the rest away with it. */
function Guarded() {
  const [broken, forget] = useErrorBoundary((fault) => console.warn(fault))
  const at = path.value + query.value
  const first = useRef(at)
  useEffect(() => {
    if (broken && at !== first.current) forget()
    first.current = at
  }, [at])
  return broken ? <Fault fault={new Problem(0, 'shown', `This page holds something that cannot be shown: ${broken.message ?? broken}`)} again={forget} /> : <Room />
}
// A change that nobody waits for says all the same that it failed.
addEventListener('unhandledrejection', (event) => {
  if (!(event.reason instanceof Problem)) return
  event.preventDefault()
  toast(event.reason.message)
})

function App() {
  const [asked, set] = useState(false)
  useEffect(() => {
    void whoami().catch(() => null).then(() => set(true))
    // Meanwhile, what will be shown to those who are signed in.
    void pages[parts.value[0] ?? '']?.().catch(() => {})
  }, [])
  if (!asked) return <main class="alone"><div class="card"><Skeleton lines={5} height={24} /></div></main>
  if (!me.value || me.value.must_change) return <SignIn />
  return (
    <Frame>
      <Guarded />
      {lapsed.value && <Lapsed />}
    </Frame>
  )
}

function SignIn() {
  const [page, set] = useState<{ page: ComponentType } | null>(null)
  useEffect(() => void import('./pages/sign-in').then((m) => set({ page: m.default }), () => {}), [])
  return page ? <page.page /> : null
}

render(<App />, document.getElementById('app')!)
