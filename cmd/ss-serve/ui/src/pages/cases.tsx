import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { may, me, send, url } from '../api'
import { useData, useList } from '../data'
import { useDraft } from '../draft'
import { amount, count, many, shortId, words } from '../format'
import { useHeading } from '../frame'
import { useKeys } from '../keys'
import { Dialog, keepFocus } from '../parts/dialog'
import { FiredRules, Reasons, Usual, Verdict } from '../parts/explain'
import { Flips } from '../parts/flips'
import { Field, Form } from '../parts/form'
import { ActionTag, LevelTag } from '../parts/level'
import { Menu } from '../parts/menu'
import { Money } from '../parts/money'
import { Clock } from '../parts/sla'
import { Empty, Fault, Skeleton, Waiting } from '../parts/states'
import { Timeline } from '../parts/timeline'
import { toast } from '../parts/toast'
import { When } from '../parts/when'
import type { Body, Path } from '../contract'
import { useNewsOfCase, useNewsOfCases } from './case-news'
import { Customer } from './case-side'
import { Act, Verbs } from './case-verbs'
import { filter, go, parts, query } from '../router'
import { Case, CaseWhole } from '../types'

type Resolution = Exclude<Body<`cases/${number}/resolve`, 'POST'>, Blob>['resolution']
type Bulk = Exclude<Body<'cases/bulk', 'POST'>, Blob>
const TABS = [['open', 'Open'], ['mine', 'Mine'], ['unassigned', 'Free'], ['at_risk', 'At risk'], ['breached', 'Late'], ['resolved', 'Resolved'], ['all', 'All']] as const
const STATUSES = ['open', 'investigating', 'pending_info', 'escalated', 'resolved', 'closed']

/** Drawn anew only when it is another: a list that is read again mostly says what it said. */
function Line({ of: c, current, selected, toggle }: { of: Case; current: boolean; selected: boolean; toggle: (id: number) => void }) {
  const press = useRef(toggle)
  press.current = toggle
  return useMemo(() => (
    <li class={current ? 'current' : ''}>
      {may('analyst') && <input type="checkbox" aria-label={`Select ${c.number}`} checked={selected} onChange={() => press.current(c.id)} />}
      <button type="button" class="queue-line" aria-current={current ? 'true' : undefined} onClick={() => go(`/cases/${c.id}${location.search}`)}>
        <span class="row between"><LevelTag level={c.priority.toUpperCase()} /><Clock sla={c.sla} /></span>
        <span class="clip">{c.title}</span>
        <span class="quiet small clip" title={c.number}>#{c.id} · {amount(c.amount, c.currency)} · {c.assigned_to ? (c.assigned_to.id === me.value?.id ? 'you' : c.assigned_to.name) : 'unassigned'}</span>
      </button>
    </li>
  ), [c.version, c.sla.state, c.assigned_to?.name, current, selected])
}

function Queue({ items, current, selected, toggle }: { items: Case[]; current: number | null; selected: Set<number>; toggle: (id: number) => void }) {
  return (
    <ul class="queue" aria-label="Cases">
      {items.map((c) => <Line key={c.id} of={c} current={c.id === current} selected={selected.has(c.id)} toggle={toggle} />)}
    </ul>
  )
}

/** Cases as columns by status. */
function Board({ items }: { items: Case[] }) {
  return (
    <div class="board">
      {STATUSES.slice(0, 5).map((status) => {
        const mine = items.filter((c) => c.status === status)
        return (
          <section key={status} class="card" aria-label={words(status)}>
            <header><h2>{words(status)}</h2><span>{count(mine.length)}</span></header>
            <div class="lines">
              {mine.map((c) => (
                <a key={c.id} href={`/cases/${c.id}`} class="stack" style={{ gap: '2px', display: 'flex' }}>
                  <span class="row between"><LevelTag level={c.priority.toUpperCase()} /><Clock sla={c.sla} /></span>
                  <span class="unclipped">{c.title}</span>
                  <span class="quiet small clip" title={c.number}>#{c.id} · {amount(c.amount, c.currency)}</span>
                </a>
              ))}
            </div>
          </section>
        )
      })}
    </div>
  )
}

function Resolve({ of, close, done, first }: { of: Case; close: () => void; done: () => void; first: Resolution }) {
  const [resolution, set] = useState<Resolution>(first)
  const notes = useDraft(`resolve ${of.id}`)
  const [recovered, setRecovered] = useState('')
  const save = async () => {
    await send('POST', `cases/${of.id}/resolve`, { resolution, notes: notes.text || undefined, recovered: recovered ? Number(recovered) : undefined }, of.version)
    notes.drop()
    toast(`${of.number}: ${words(resolution).toLowerCase()}`, () => void send('POST', `cases/${of.id}/reopen`, { reason: 'resolved by mistake' }).then(() => go(`/cases/${of.id}`), (f) => toast(f.message)))
    done()
  }
  return (
    <Dialog title={`Resolve ${of.number}`} close={close}>
      <Form label="Resolve" send={save} cancel={close}>
        {(fault) => (
          <>
            <Field label="It was" fault={fault('resolution')}>
              <select class="input" value={resolution} onChange={(e) => set(e.currentTarget.value as Resolution)}>
                <option value="confirmed_fraud">Fraud</option>
                <option value="false_positive">Not fraud: a false alarm</option>
                <option value="customer_error">The customer's own error</option>
                <option value="inconclusive">Not to be told</option>
              </select>
            </Field>
            <Field label="Notes" fault={fault('notes')}><textarea class="input" value={notes.text} onInput={(e) => notes.set(e.currentTarget.value)} /></Field>
            {resolution === 'confirmed_fraud' && (
              <Field label="Recovered" fault={fault('recovered')} hint={`of ${amount(of.loss, of.currency)}`}><input class="input" inputMode="decimal" value={recovered} onInput={(e) => setRecovered(e.currentTarget.value)} /></Field>
            )}
          </>
        )}
      </Form>
    </Dialog>
  )
}

function Escalate({ of, close, done }: { of: Case; close: () => void; done: () => void }) {
  const people = useData('users/analysts')
  const [to, set] = useState('')
  const reason = useDraft(`escalate ${of.id}`)
  const save = async () => {
    await send('POST', `cases/${of.id}/escalate`, { to: to ? Number(to) : undefined, reason: reason.text }, of.version)
    reason.drop()
    toast('Escalated')
    done()
  }
  return (
    <Dialog title={`Escalate ${of.number}`} close={close}>
      <Form label="Escalate" cancel={close} send={save}>
        {(fault) => (
          <>
            <Field label="To" fault={fault('to')}>
              <select class="input" value={to} onChange={(e) => set(e.currentTarget.value)}>
                <option value="">an administrator</option>
                {people.data?.items.map((p) => <option key={p.id} value={p.id}>{p.name}</option>)}
              </select>
            </Field>
            <Field label="Why" fault={fault('reason')}><textarea class="input" value={reason.text} onInput={(e) => reason.set(e.currentTarget.value)} /></Field>
          </>
        )}
      </Form>
    </Dialog>
  )
}

function Evidence({ of, again }: { of: CaseWhole; again: () => void }) {
  const add = async (files: FileList | null) => {
    for (const file of files ?? []) {
      await send('POST', `cases/${of.id}/evidence`, file, undefined, { name: file.name }).then(() => toast(`${file.name} added`), (f) => toast(f.message))
    }
    again()
  }
  return (
    <section class="section">
      <h2>Evidence</h2>
      <div class="lines">
        {of.evidence.map((e) => (
          <div key={e.id} class="row between">
            <a class="link" href={url(`cases/${of.id}/evidence/${e.id}`)} download={e.name}>{e.name}</a>
            <span class="quiet small" title={`SHA-256 ${e.sha256}`}>{count(Math.ceil(e.size / 1024))} kB · {e.added_by} · <code data-paper={`SHA-256 ${e.sha256}`}>{e.sha256.slice(0, 8)}</code></span>
          </div>
        ))}
      </div>
      {may('analyst') && (
        <label class="button" style={{ marginTop: '6px' }}>
          Add files
          <input class="visually-hidden" type="file" multiple onChange={(e) => add(e.currentTarget.files)} />
        </label>
      )}
    </section>
  )
}

function Detail({ id, next, changed }: { id: number; next: () => void; changed: () => void }) {
  const { data: c, fault, loading, again } = useData(`cases/${id}`)
  const people = useData(may('analyst') ? 'users/analysts' : null)
  useEffect(keepFocus, [])
  const [dialog, show] = useState<'' | 'escalate' | 'confirmed_fraud' | 'false_positive'>('')
  useNewsOfCase(id, c?.version, loading, again)
  const all = () => {
    again()
    changed()
  }
  const act: Act = (path, body, said) => send('POST', `cases/${id}/${path}` as Path<'POST'>, body, c?.version).then(() => { toast(said); all() }, (f) => { toast(f.message); again() })
  const can = (status: string) => may('analyst') && !!c?.moves.some((m) => m === status)
  useKeys([
    { key: 'f', what: 'Confirm fraud', run: () => can('resolved') && show('confirmed_fraud') },
    { key: 'n', what: 'Not fraud', run: () => can('resolved') && show('false_positive') },
    { key: 'q', what: 'Ask the customer', run: () => can('pending_info') && void act('status', { status: 'pending_info' }, 'Waiting for the customer') },
    { key: 'e', what: 'Escalate', run: () => can('escalated') && show('escalate') },
    { key: 'm', what: 'Assign to me', run: () => may('analyst') && void act('assign', { user_id: me.value?.id }, 'It is yours') },
  ])
  if (!c) return <div class="case-main">{fault ? <Fault fault={fault} again={again} /> : <Skeleton lines={14} height={18} />}</div>
  const newest = c.payments.reduce<CaseWhole['payments'][0] | null>((top, p) => (!top || (p.score ?? 0) > (top.score ?? 0) ? p : top), null)
  return <Whole {...{ c, id, newest, people, act, can, all, next, dialog, show }} />
}

interface WholeProps {
  c: CaseWhole
  id: number
  newest: CaseWhole['payments'][0] | null
  people: { data: { items: { id: number; name: string }[] } | null }
  act: Act
  can: (status: string) => boolean
  all: () => void
  next: () => void
  dialog: '' | 'escalate' | 'confirmed_fraud' | 'false_positive'
  show: (d: WholeProps['dialog']) => void
}

function Whole({ c, id, newest, people, act, can, all, next, dialog, show }: WholeProps) {
  const worst = useData(newest ? `payments/${encodeURIComponent(newest.txn_id)}` : null)
  const record = worst.data?.record
  return (
    <div class="case-body">
      <div class="case-main">
        <a class="link only-phone" href={`/cases${location.search}`}>All cases</a>
        <div class="row between" style={{ alignItems: 'flex-start' }}>
          <div class="grow">
            <p class="case-title">{c.title}</p>
            <p class="quiet">
              {c.number} · {amount(c.amount, c.currency)} in {many(c.payments_count, 'payment')}, {many(c.alerts_count, 'alert')} · opened <When at={c.created_at} as="ago" /> · <Clock sla={c.sla} />
            </p>
          </div>
          <div class="row"><LevelTag level={c.priority.toUpperCase()} /><span class="tag">{words(c.status)}</span></div>
        </div>
        {c.resolution && <p class="quiet">Resolved: {words(c.resolution).toLowerCase()}{c.resolution_notes && `. ${c.resolution_notes}`}</p>}
        {may('analyst') && <Verbs {...{ c, people: people.data?.items ?? [], act, can, all, show }} />}
        <section class="card">
          <header>
            <h2>Why</h2>
            {record?.decision?.by && <span class="small">{newest && <a class="link" href={`/what-if?like=${encodeURIComponent(newest.txn_id)}`}>what if it were otherwise</a>}</span>}
          </header>
          {record ? (
            <>
              <Verdict decision={record.decision} value={record.score} />
              {worst.data && <Usual value={worst.data.payment.amount} currency={worst.data.payment.currency} usual={worst.data.usual} />}
              <Reasons of={record.score} />
              <FiredRules rules={record.decision?.rules ?? []} shadow={record.decision?.shadow} />
              <Flips of={record} />
            </>
          ) : (
            newest ? <Waiting of={worst} lines={9} height={25} /> : <p class="quiet">No payment is linked yet.</p>
          )}
        </section>
        <section class="card">
          <header><h2>Payments</h2><span class="small">newest first</span></header>
          <div class="lines pays">
            {c.payments.map((p) => (
              <a key={p.txn_id} href={`/payments?open=${encodeURIComponent(p.txn_id)}`}>
                <span class="quiet"><When at={p.timestamp} /></span>
                <LevelTag level={p.level} />
                <span class="clip">{[p.merchant_id, words(p.category).toLowerCase(), p.country].filter(Boolean).join(' · ')}</span>
                <ActionTag action={p.action} />
                <b class="number"><Money of={p.amount} currency={p.currency} /></b>
              </a>
            ))}
          </div>
        </section>
        <Evidence of={c} again={all} />
        <Timeline id={id} version={c.version} changed={all} />
      </div>
      <aside class="case-side" aria-label="The customer"><Customer of={c} /></aside>
      {dialog === 'escalate' && <Escalate of={c} close={() => show('')} done={() => { show(''); all() }} />}
      {(dialog === 'confirmed_fraud' || dialog === 'false_positive') && <Resolve of={c} first={dialog} close={() => show('')} done={() => { show(''); next(); all() }} />}
    </div>
  )
}

function NewCase({ close }: { close: () => void }) {
  const [is, set] = useState<{ title: string; priority: Case['priority']; user_id: string; description: string }>({ title: '', priority: 'medium', user_id: '', description: '' })
  return (
    <Dialog title="A new case" close={close}>
      <Form label="Open it" cancel={close} send={async () => { const made = await send('POST', 'cases', { title: is.title, priority: is.priority, description: is.description, user_id: is.user_id || undefined }); close(); go(`/cases/${made.id}`) }}>
        {(fault) => (
          <>
            <Field label="Title" fault={fault('title')}><input class="input" autofocus value={is.title} onInput={(e) => set({ ...is, title: e.currentTarget.value })} /></Field>
            <Field label="Customer" fault={fault('user_id')}><input class="input" value={is.user_id} onInput={(e) => set({ ...is, user_id: e.currentTarget.value })} /></Field>
            <Field label="Priority" fault={fault('priority')}>
              <select class="input" value={is.priority} onChange={(e) => set({ ...is, priority: e.currentTarget.value as Case['priority'] })}>
                {['critical', 'high', 'medium', 'low'].map((p) => <option key={p} value={p}>{p}</option>)}
              </select>
            </Field>
            <Field label="Description" fault={fault('description')}><textarea class="input" value={is.description} onInput={(e) => set({ ...is, description: e.currentTarget.value })} /></Field>
          </>
        )}
      </Form>
    </Dialog>
  )
}

export default function Cases() {
  const tab = query.value.get('tab') ?? 'open'
  const board = query.value.get('view') === 'board'
  const id = parts.value[1] ? Number(parts.value[1]) : null
  const list = useList('cases', { tab, q: query.value.get('q'), limit: board ? 200 : 100 })
  const counts = useData('cases/counts')
  const [making, make] = useState(false)
  const [selected, select] = useState(new Set<number>())
  // What is done to many is done to what is in sight.
  useEffect(() => { if (selected.size) select(new Set()) }, [tab, query.value.get('q'), board])
  const again = () => {
    list.again()
    counts.again()
  }
  useNewsOfCases(list, again, tab, !!query.value.get('q'))
  const at = list.items.findIndex((c) => c.id === id)
  const move = (by: number) => {
    const to = list.items[Math.max(0, Math.min(list.items.length - 1, at + by))]
    if (to) go(`/cases/${to.id}${location.search}`, true)
  }
  const next = () => {
    const to = list.items[at + 1] ?? list.items.find((c) => c.id !== id)
    if (to && id !== null) go(`/cases/${to.id}${location.search}`, true)
  }
  const takeNext = () => send('POST', 'cases/take-next').then((c) => { if (c) { again(); go(`/cases/${c.id}`) } else toast('Nothing is waiting') }, (f) => toast(f.message))
  const bulk = (action: Bulk['action'], more: Partial<Bulk>) => send('POST', 'cases/bulk', { ids: [...selected], action, ...more }).then((r) => { toast(`${count(r.done)} done${r.refused ? `, ${count(r.refused)} refused` : ''}`); select(new Set()); again() }, (f) => toast(f.message))
  useKeys([
    { key: 'j', what: 'Next case', run: () => move(1) },
    { key: 'k', what: 'Previous case', run: () => move(-1) },
    { key: 't', what: 'Take the next one', run: () => may('analyst') && takeNext() },
  ])
  useEffect(() => {
    if (id === null && !board && list.items.length && innerWidth > 640) go(`/cases/${list.items[0].id}${location.search}`, true)
  }, [id, board, list.items.length])
  useHeading('Cases', (
    <>
      <button type="button" class="button" aria-pressed={board} onClick={() => { go('/cases'); filter({ view: board ? null : 'board', tab: board ? null : 'all' }) }}>{board ? 'Queue' : 'Board'}</button>
      {may('analyst') && <button type="button" class="button" onClick={() => make(true)}>New case</button>}
    </>
  ), !board)
  if (board)
    return (
      <>
        <Fault fault={list.fault} again={list.again} />
        {list.items.length || list.fault ? <Board items={list.items} /> : list.loading ? <Skeleton lines={8} /> : <Empty>No case here. Alerts of a high level open cases by themselves.</Empty>}
        {making && <NewCase close={() => make(false)} />}
      </>
    )
  return (
    <div class={`case-page ${id === null ? 'only-queue' : ''}`}>
      <div class="case-queue">
        <div class="row case-tabs">
          <select class="input" style={{ width: '116px' }} aria-label="Which cases" value={tab} onChange={(e) => { go('/cases'); filter({ tab: e.currentTarget.value === 'open' ? null : e.currentTarget.value }) }}>
            {TABS.map(([key, text]) => <option key={key} value={key}>{text}{counts.data?.[key] != null ? ` ${counts.data[key]}` : ''}</option>)}
          </select>
          <span class="grow" />
          {may('analyst') && <button type="button" class="button" onClick={takeNext}>Take next <kbd>T</kbd></button>}
        </div>
        {selected.size > 0 && (
          <div class="row wrap case-tabs">
            <span class="quiet small">{selected.size} selected</span>
            <button type="button" class="button" onClick={() => bulk('assign', { me: true })}>To me</button>
            <Menu label="Resolve as">
              {(['false_positive', 'confirmed_fraud', 'inconclusive', 'customer_error'] as const).map((r) => <button key={r} type="button" onClick={() => bulk('resolve', { resolution: r })}>{words(r)}</button>)}
            </Menu>
            <button type="button" class="button plain" onClick={() => select(new Set())}>None</button>
          </div>
        )}
        <div class="scroll grow" tabIndex={0} role="region" aria-label="Queue of cases">
          <Fault fault={list.fault} again={list.again} />
          <Queue items={list.items} current={id} selected={selected} toggle={(c) => { const s = new Set(selected); s.has(c) ? s.delete(c) : s.add(c); select(s) }} />
          {list.more && <button type="button" class="button" style={{ margin: '10px' }} onClick={list.more}>More</button>}
          {!list.loading && !list.items.length && <Empty>No case here. Alerts of a high level open cases by themselves.</Empty>}
        </div>
      </div>
      {id !== null ? <Detail key={id} id={id} next={next} changed={again} /> : <div class="case-main">{!list.loading && <Empty>{list.items.length ? 'Choose a case.' : `Nothing to do in ${shortId(tab, 12)}.`}</Empty>}</div>}
      {making && <NewCase close={() => make(false)} />}
    </div>
  )
}
