import { useEffect, useRef, useState } from 'preact/hooks'
import { may, send, url } from '../api'
import { now as clock } from '../clock'
import { Listed, useData, useList } from '../data'
import { amount, count, LEVELS, plain, score, words } from '../format'
import { useHeading } from '../frame'
import { useKeys } from '../keys'
import { listen, listenSlowly } from '../live'
import { Drawer } from '../parts/dialog'
import { Features, Fields, FiredRules, Reasons, Verdict } from '../parts/explain'
import { Choice, Find } from '../parts/form'
import { ActionTag, LevelTag } from '../parts/level'
import { Menu } from '../parts/menu'
import { Money } from '../parts/money'
import { Empty, Fault, Skeleton } from '../parts/states'
import { Brief, Column, Table, TableMenu } from '../parts/table'
import { toast } from '../parts/toast'
import { Views } from '../parts/views'
import { When } from '../parts/when'
import { filter, go, openBeside, query } from '../router'
import type { Body } from '../contract'
import { Alert, PaymentRecord } from '../types'
import { Chips } from './payments'

const STATUSES = [['new', 'New'], ['reviewing', 'Reviewing'], ['escalated', 'Escalated'], ['resolved', 'Resolved'], ['false_positive', 'False alarms'], ['snoozed', 'Snoozed'], ['all', 'All']] as const

const snoozed = (a: Pick<Alert, 'snoozed_until'>) => !!a.snoozed_until && Date.parse(a.snoozed_until) > clock()
/** Whether an alert belongs to what is chosen above the list. */
function belongs(a: Pick<Alert, 'status' | 'snoozed_until'>, chosen: string) {
  return chosen === 'snoozed' ? snoozed(a) : !snoozed(a) && (chosen === 'all' || a.status === chosen)
}

const COLUMNS: Column<Alert>[] = [
  { key: 'time', title: 'Time', sort: 'time', cell: (a) => <When at={a.timestamp} /> },
  { key: 'level', title: 'Level', cell: (a) => <LevelTag level={a.level} /> },
  { key: 'score', title: 'Score', number: true, sort: 'score', cell: (a) => score(a.score) },
  { key: 'amount', title: 'Amount', number: true, sort: 'amount', cell: (a) => <Money of={a.amount} currency={a.currency} /> },
  { key: 'reason', title: 'Reason', wide: true, cell: (a) => plain(a.reason) || a.rules.join(', ') },
  { key: 'user', title: 'Customer', cell: (a) => <a href={`/customers/${encodeURIComponent(a.user_id ?? '')}`} onClick={(e) => e.stopPropagation()}>{a.user_id}</a> },
  { key: 'count', title: 'Payments', number: true, cell: (a) => count(a.count) },
  { key: 'action', title: 'Decision', cell: (a) => <ActionTag action={a.action} /> },
  { key: 'status', title: 'State', cell: (a) => <><span class="tag">{words(a.status)}</span>{snoozed(a) && <span class="quiet small"> until <When at={a.snoozed_until} /></span>}</> },
  { key: 'case', title: 'Case', cell: (a) => a.case && <a class="link" href={`/cases/${a.case.id}`} onClick={(e) => e.stopPropagation()} title={a.case.number}>#{a.case.id}</a> },
  { key: 'merchant', title: 'Merchant', hidden: true, cell: (a) => a.merchant_id },
  { key: 'category', title: 'Category', hidden: true, cell: (a) => words(a.category) },
  { key: 'with', title: 'With', hidden: true, cell: (a) => a.assigned_to?.name },
]

type Act = Exclude<Body<'alerts/bulk', 'POST'>, Blob>
type Status = NonNullable<Act['status']>
/** Resolved, as it is said here, means that it was fraud; a false alarm has a state of its own. */
const state = (status: Status) => ({ status, ...(status === 'resolved' ? { fraud: true } : {}) })

function Detail({ id, close, act }: { id: string; close: () => void; act: (ids: string[], what: Act['action'], body: Partial<Act>) => Promise<void> }) {
  const { data: a, fault, again } = useData(`alerts/${encodeURIComponent(id)}`)
  useEffect(() => listen('alerts', (items) => items.some((i) => i.alert_id === id || i.id === id) && again()), [id, again])
  const record = a?.record as PaymentRecord | null | undefined
  return (
    <Drawer title={plain(a?.reason) || 'Alert'} close={close}>
      <Fault fault={fault} again={again} />
      {!a ? (
        !fault && <Skeleton lines={10} />
      ) : (
        <>
          <p class="quiet">
            {amount(a.amount, a.currency)} · {count(a.count)} {a.count === 1 ? 'payment' : 'payments'} · <When at={a.timestamp} /> · {a.user_id && <a class="link" href={`/customers/${encodeURIComponent(a.user_id)}`}>customer {a.user_id}</a>}
          </p>
          <div class="row" style={{ marginBlock: '8px' }}>
            <Verdict decision={record?.decision} value={record?.score} />
            <span class="tag">{words(a.status)}</span>
          </div>
          {may('analyst') && (
            <div class="row wrap">
              {a.moves.map((m) => <button key={m} type="button" class="button" onClick={() => act([a.id], 'status', state(m as Status)).then(again)}>{m === 'resolved' ? 'It was fraud' : m === 'false_positive' ? 'False alarm' : words(m)}</button>)}
              <a class="button" href={`/payments?open=${encodeURIComponent(a.txn_id)}`}>The payment</a>
              {a.case && <a class="button" href={`/cases/${a.case.id}`}>{a.case.number}</a>}
            </div>
          )}
          <section class="section"><h2>Why</h2><Reasons of={record?.score} /></section>
          <section class="section"><h2>Rules</h2><FiredRules rules={record?.decision?.rules ?? []} /></section>
          {record && <section class="section"><h2>Record</h2><Fields record={record} /></section>}
          {record?.features && <section class="section"><Features features={record.features} /></section>}
        </>
      )}
    </Drawer>
  )
}

/** Changes of alerts that somebody makes, here or elsewhere, at once in the list; new ones are counted. */
function useChanges(list: Listed<Alert>, chosen: string, came: (n: number) => void) {
  const now = useRef({ list, chosen, came })
  now.current = { list, chosen, came }
  useEffect(() => listenSlowly('alerts', (items) => {
    const { list, chosen, came } = now.current
    const changed = new Map(items.filter((i) => i.event === 'changed').map((i) => [i.id, i]))
    came(items.filter((i) => !i.event || (i.event === 'changed' && belongs(i, chosen) && !list.items.some((a) => a.id === i.id))).length)
    if (changed.size) list.change((all) => all.map((a) => (changed.has(a.id) ? { ...a, ...pick(changed.get(a.id)) } : a)).filter((a) => !changed.has(a.id) || belongs(a, chosen)))
  }, 1000), [])
}
const pick = ({ status, snoozed_until, version }: Alert) => ({ status, snoozed_until, version })

/** Tells when the next alert that was put off is due. */
function useDue(due: () => void) {
  const asleep = useData('alerts', { snoozed: 'only', limit: 200 }, 60000)
  const next = Math.min(...(asleep.data?.items ?? []).map((a) => Date.parse(a.snoozed_until ?? '')).filter((t) => t > 0))
  const now = useRef(due)
  now.current = due
  useEffect(() => {
    if (!isFinite(next)) return
    // The server's clock decides; a timer cannot hold more than some weeks.
    const timer = setTimeout(() => { asleep.again(); now.current() }, Math.min(Math.max(0, next - clock()) + 500, 86400e3))
    return () => clearTimeout(timer)
  }, [next])
  return asleep.again
}

export default function Alerts() {
  const [, redraw] = useState(0)
  const status = query.value.get('status') ?? 'new'
  const level = query.value.get('level')
  const sort = query.value.get('sort') ?? '-time'
  const filters = { level, user_id: query.value.get('user_id'), category: query.value.get('category'), q: query.value.get('q') }
  const list = useList('alerts', { status: status === 'all' || status === 'snoozed' ? null : status, snoozed: status === 'snoozed' ? 'only' : null, ...filters, sort, limit: 200 })
  const [selected, select] = useState(new Set<string>())
  // What is done to many is done to what is in sight.
  const chosen = JSON.stringify([status, filters])
  useEffect(() => { if (selected.size) select(new Set()) }, [chosen])
  const [fresh, setFresh] = useState(0)
  const open = query.value.get('open')
  useChanges(list, status, (n) => n && setFresh((all) => all + n))
  // What was put off comes back by itself, but never under the hands of somebody who has chosen rows.
  const asleep = useDue(() => (selected.size || list.items.length > 200 ? setFresh((n) => n + 1) : list.again()))
  useEffect(() => setFresh(0), [status, list.again])
  useHeading('Alerts', (
    <Choice label="State" value={status as (typeof STATUSES)[number][0]} options={STATUSES} change={(s) => filter({ status: s === 'new' ? null : s })} />
  ), true)
  /** Rows that are done with leave at once; they come back where the server refuses. */
  const act = (ids: string[], action: Act['action'], body: Partial<Act>, undo?: Partial<Act>) => {
    const before = list.items
    const leaves = action === 'snooze' ? true : body.status !== undefined && status !== 'all' && status !== 'snoozed' && body.status !== status
    if (leaves) list.change((all) => all.filter((a) => !ids.includes(a.id)))
    select(new Set())
    const back = (refused: string[]) => list.change((all) => {
      const there = new Set([...all.map((a) => a.id), ...refused])
      const known = new Set(before.map((a) => a.id))
      return [...all.filter((a) => !known.has(a.id)), ...before.filter((a) => there.has(a.id))]
    })
    return send('POST', 'alerts/bulk', { ids, action, ...body }).then(
      (r) => {
        const refused = r.items.filter((i) => !i.ok).map((i) => i.id)
        if (leaves && refused.length) back(refused)
        if (!leaves) list.again()
        if (action === 'snooze') asleep()
        const said = refused.length ? `${count(r.done)} done, ${count(r.refused)} refused` : ids.length === 1 ? 'Done' : `${count(r.done)} done`
        toast(said, undo && r.done ? () => void send('POST', 'alerts/bulk', { ids, action, ...undo }).then(list.again, (f) => toast(f.message)) : undefined)
      },
      (f) => {
        if (leaves) back(ids)
        select(new Set(ids.length > 1 ? ids : []))
        toast(`Not done: ${f.message}`)
      },
    )
  }
  const sleep = (ids: string[]) => void (status === 'snoozed' ? act(ids, 'snooze', { until: null }) : act(ids, 'snooze', { for: '1h' }, { until: null }))
  const acknowledge = (ids: string[]) => void act(ids, 'status', { status: 'reviewing' }, { status: 'new' })
  const now = () => (selected.size ? [...selected] : open ? [open] : [])
  const newCase = () => {
    const ids = now()
    const chosen = list.items.filter((a) => ids.includes(a.id))
    const first = chosen.find((a) => !a.case)
    if (!first) return chosen[0]?.case && go(`/cases/${chosen[0].case.id}`)
    void send('POST', 'cases', { title: first.reason ?? 'Alerts looked at together', priority: first.level === 'CRITICAL' ? 'critical' : first.level === 'HIGH' ? 'high' : 'medium', alerts: chosen.filter((a) => !a.case).map((a) => a.id) }).then((c) => go(`/cases/${c.id}`), (f) => toast(f.message))
  }
  const with_ = (run: (ids: string[]) => void) => () => {
    const ids = now()
    if (ids.length && may('analyst')) run(ids)
  }
  useKeys([
    { key: 'a', what: 'Acknowledge', run: with_(acknowledge) },
    { key: 'f', what: 'Resolve as fraud', run: with_((ids) => void act(ids, 'status', state('resolved'))) },
    { key: 'n', what: 'False alarm', run: with_((ids) => void act(ids, 'status', { status: 'false_positive' })) },
    { key: 'z', what: status === 'snoozed' ? 'Wake' : 'Snooze for an hour', run: with_(sleep) },
    { key: 'c', what: 'Make a case', run: with_(newCase) },
  ])
  return (
    <div class="column-page">
      <div class="bar-top">
        <Find name="q" width={170} label="Find" placeholder="Find in alerts" />
        <Menu label="Level">
          {LEVELS.slice(0, 4).map((l) => <button key={l} type="button" onClick={() => filter({ level: l })}><LevelTag level={l} /></button>)}
        </Menu>
        <Chips names={['level', 'user_id', 'category']} />
        {fresh > 0 && <button type="button" class="button" onClick={() => { setFresh(0); list.again() }}>{count(fresh)} new</button>}
        <span class="grow" />
        {may('analyst') && selected.size > 0 && (
          <div class="row wrap bulk">
            <span class="quiet small">{count(selected.size)} chosen</span>
            <button type="button" class="button" onClick={with_(acknowledge)}>Acknowledge <kbd>A</kbd></button>
            <button type="button" class="button" onClick={with_((ids) => void act(ids, 'status', state('resolved')))}>Fraud <kbd>F</kbd></button>
            <button type="button" class="button" onClick={with_((ids) => void act(ids, 'status', { status: 'false_positive' }))}>False alarm <kbd>N</kbd></button>
            <button type="button" class="button" onClick={with_(sleep)}>{status === 'snoozed' ? 'Wake' : 'Snooze'} <kbd>Z</kbd></button>
            <button type="button" class="button" onClick={newCase}>Case <kbd>C</kbd></button>
          </div>
        )}
        <Views name="alerts" />
        <TableMenu name="alerts" columns={COLUMNS} changed={() => redraw((n) => n + 1)} />
        <a class="button" href={url('export', { kind: 'alerts', format: 'csv', status: status === 'all' ? null : status, level })} download="alerts.csv">Export</a>
      </div>
      <Table
        name="alerts" label="Alerts" list={list} columns={COLUMNS} id={(a) => a.id} sort={sort} setSort={(s) => filter({ sort: s === '-time' ? null : s })}
        brief={(a) => <Brief level={a.level} at={a.timestamp} money={amount(a.amount, a.currency)} about={plain(a.reason) || a.rules.join(', ')} />}
        opened={open} open={(a) => openBeside(a.id)} selected={may('analyst') ? selected : undefined} select={may('analyst') ? select : undefined}
        empty={<Empty command="ss-gen --rate 50 | ss-run 'ingest | features | score | rules -r default | alert' | ss-store fraud.db">{status === 'new' ? 'Nothing waits to be looked at.' : 'No alert matches.'}</Empty>}
      />
      {open && <Detail key={open} id={open} close={() => filter({ open: null })} act={act} />}
    </div>
  )
}
