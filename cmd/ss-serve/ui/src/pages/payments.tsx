import { useState } from 'preact/hooks'
import { may, send, url } from '../api'
import { useData, useList } from '../data'
import { amount, count, LEVELS, milliseconds, plain, score, words } from '../format'
import { useHeading } from '../frame'
import { Drawer } from '../parts/dialog'
import { Features, Fields, FiredRules, madeBy, Reasons, Usual, Verdict } from '../parts/explain'
import { Find } from '../parts/form'
import { Id } from '../parts/id'
import { ActionTag, LevelTag } from '../parts/level'
import { Menu } from '../parts/menu'
import { Money } from '../parts/money'
import { Empty, Fault, Skeleton } from '../parts/states'
import { Brief, Column, Table, TableMenu } from '../parts/table'
import { toast } from '../parts/toast'
import { Views } from '../parts/views'
import { When } from '../parts/when'
import { filter, openBeside, query } from '../router'
import { Payment } from '../types'

const COLUMNS: Column<Payment>[] = [
  { key: 'time', title: 'Time', sort: 'time', cell: (p) => <When at={p.timestamp} /> },
  { key: 'level', title: 'Level', cell: (p) => <LevelTag level={p.level} /> },
  { key: 'score', title: 'Score', number: true, sort: 'score', cell: (p) => score(p.score) },
  { key: 'amount', title: 'Amount', number: true, sort: 'amount', cell: (p) => <Money of={p.amount} currency={p.currency} /> },
  { key: 'user', title: 'Customer', cell: (p) => <a href={`/customers/${encodeURIComponent(p.user_id ?? '')}`} onClick={(e) => e.stopPropagation()}>{p.user_id}</a> },
  { key: 'reason', title: 'Reason', wide: true, cell: (p) => plain(p.reason) || <span class="faint">{p.level === 'NONE' ? 'Nothing unusual' : 'No one reason stands out'}</span> },
  { key: 'action', title: 'Decision', cell: (p) => <ActionTag action={p.action} /> },
  { key: 'merchant', title: 'Merchant', cell: (p) => p.merchant_id },
  { key: 'category', title: 'Category', cell: (p) => words(p.category) },
  { key: 'country', title: 'Country', cell: (p) => p.country },
  { key: 'channel', title: 'Channel', hidden: true, cell: (p) => words(p.channel) },
  { key: 'card', title: 'Card', hidden: true, cell: (p) => <Id id={p.card_id} /> },
  { key: 'device', title: 'Device', hidden: true, cell: (p) => <Id id={p.device_id} /> },
  { key: 'ip', title: 'IP address', hidden: true, cell: (p) => p.ip },
  { key: 'rules', title: 'Rules', hidden: true, cell: (p) => p.rules.join(', ') },
  { key: 'label', title: 'Known as', cell: (p) => (p.label === 1 ? <span class="tag bad">fraud</span> : p.label === 0 ? <span class="tag calm">genuine</span> : null) },
  { key: 'latency', title: 'Latency, ms', number: true, hidden: true, cell: (p) => milliseconds(p.latency_us) },
  { key: 'id', title: 'Id', cell: (p) => <Id id={p.txn_id} /> },
]

const FILTERS = ['q', 'level', 'action', 'user_id', 'card_id', 'merchant_id', 'device_id', 'ip', 'category', 'country', 'channel', 'rule', 'label', 'min_amount', 'max_amount', 'min_score', 'max_score', 'since', 'until'] as const

function filters() {
  return Object.fromEntries(FILTERS.map((name) => [name, query.value.get(name)]))
}

const NAMES: Record<string, string> = { user_id: 'Customer', card_id: 'Card', merchant_id: 'Merchant', device_id: 'Device', ip: 'IP address', min_amount: 'Amount from', max_amount: 'Amount to', min_score: 'Score from', max_score: 'Score to', action: 'Decision', label: 'Known as' }
const filterName = (name: string) => NAMES[name] ?? words(name)

export function Chips({ names }: { names: readonly string[] }) {
  return (
    <>
      {names
        .filter((name) => query.value.get(name))
        .map((name) => (
          <span key={name} class="chip">
            {filterName(name)}: {query.value.get(name)}
            <button type="button" aria-label={`Without ${filterName(name)}`} onClick={(e) => { const bar = e.currentTarget.closest('.bar-top'); filter({ [name]: null }); bar?.querySelector('button')?.focus() }}>✕</button>
          </span>
        ))}
    </>
  )
}

function AddFilter() {
  return (
    <Menu label="Filter">
      {LEVELS.map((level) => (
        <button key={level} type="button" onClick={() => filter({ level })}>
          <LevelTag level={level} />
        </button>
      ))}
      {(['block', 'challenge', 'review', 'allow'] as const).map((action) => (
        <button key={action} type="button" onClick={() => filter({ action })}>
          <ActionTag action={action} />
        </button>
      ))}
      <button type="button" onClick={() => filter({ label: '1' })}>Known as fraud</button>
      <button type="button" onClick={() => filter({ label: '0' })}>Known as genuine</button>
      {(['user_id', 'card_id', 'merchant_id', 'device_id', 'ip', 'category', 'country', 'min_amount', 'max_amount', 'min_score', 'since', 'until'] as const).map((name) => (
        <label key={name}>
          <span class="grow">{filterName(name)}</span>
          <Find name={name} whole width={120} label={filterName(name)} inputMode={/^m(in|ax)_/.test(name) ? 'decimal' : 'text'} placeholder={name === 'since' || name === 'until' ? '2026-03-01' : ''} />
        </label>
      ))}
    </Menu>
  )
}

export function PaymentDrawer({ id, close, changed }: { id: string; close: () => void; changed?: () => void }) {
  const { data, fault, again } = useData(`payments/${encodeURIComponent(id)}`)
  const label = async (value: 0 | 1 | null) => {
    const before = (data?.payment.label ?? null) as 0 | 1 | null
    const set = (v: 0 | 1 | null) => send('POST', 'labels', { labels: [{ txn_id: id, label: v }], source: 'dashboard' })
    await set(value).then(
      () => {
        again()
        changed?.()
        toast(value === 1 ? 'Marked as fraud' : value === 0 ? 'Marked as genuine' : 'Label taken back', () => void set(before).then(() => { again(); changed?.() }, (f) => toast(f.message)))
      },
      (f) => toast(f.message),
    )
  }
  const p = data?.payment
  return (
    <Drawer title={p ? amount(p.amount, p.currency) : 'Payment'} close={close}>
      <Fault fault={fault} again={again} />
      {!data || !p ? (
        !fault && <Skeleton lines={12} />
      ) : (
        <>
          <p class="quiet">
            {p.user_id && <a class="link" href={`/customers/${encodeURIComponent(p.user_id)}`}>customer {p.user_id}</a>} · <When at={p.timestamp} /> · <Id id={p.txn_id} />
          </p>
          <Usual value={p.amount} currency={p.currency} usual={data.usual} />
          <Verdict decision={data.record.decision} value={data.record.score} />
          {may('analyst') && (
            <div class="row wrap" style={{ marginTop: '10px' }}>
              <button type="button" class="button" aria-pressed={p.label === 1} onClick={() => label(p.label === 1 ? null : 1)}>{p.label === 1 ? 'Known as fraud' : 'It was fraud'}</button>
              <button type="button" class="button" aria-pressed={p.label === 0} onClick={() => label(p.label === 0 ? null : 0)}>{p.label === 0 ? 'Known as genuine' : 'It was genuine'}</button>
              <a class="button" href={`/what-if?like=${encodeURIComponent(id)}`}>What if…</a>
            </div>
          )}
          <section class="section"><h2>Why</h2><Reasons of={data.record.score} /></section>
          <section class="section"><h2>Rules</h2><FiredRules rules={data.record.decision?.rules ?? []} shadow={data.record.decision?.shadow} /></section>
          {(data.cases.length > 0 || data.alerts.length > 0) && (
            <section class="section">
              <h2>Alerts and cases</h2>
              <div class="lines">
                {data.cases.map((c) => <div key={c.id}><a class="link" href={`/cases/${c.id}`}>{c.number}: {c.title}</a></div>)}
                {data.alerts.map((a) => <div key={a.id}><a class="link" href={`/alerts?open=${encodeURIComponent(a.id)}`}>Alert, {words(a.status).toLowerCase()}</a></div>)}
              </div>
            </section>
          )}
          <section class="section">
            <h2>Before and after</h2>
            <div class="lines pays four">
              {[...data.after.slice().reverse(), p, ...data.before].map((o) => (
                <button key={o.txn_id} type="button" class={`line-button ${o.txn_id === p.txn_id ? 'current' : ''}`} onClick={() => filter({ open: o.txn_id })}>
                  <span class="quiet"><When at={o.timestamp} /></span>
                  <LevelTag level={o.level} />
                  <span class="clip">{o.location ?? o.country ?? o.category}</span>
                  <b class="number"><Money of={o.amount} currency={o.currency} /></b>
                </button>
              ))}
            </div>
          </section>
          <section class="section"><h2>Record</h2><Fields record={data.record} /></section>
          <section class="section"><Features features={data.record.features ?? {}} /></section>
          {data.record.decision?.by && (
            <p class="faint small" style={{ marginTop: '14px' }}>
              {madeBy(data.record.decision.by)}: the same files give the same decision.
            </p>
          )}
        </>
      )}
    </Drawer>
  )
}

export default function Payments() {
  const [, redraw] = useState(0)
  const sort = query.value.get('sort') ?? '-time'
  const list = useList('payments', { ...filters(), sort, limit: 200 })
  const open = query.value.get('open')
  useHeading('Payments', <span class="quiet small">{count(list.items.length)}{list.more ? '+' : ''} shown</span>, true)
  const exported = (format: string) => url('export', { kind: 'payments', format, ...filters() })
  return (
    <div class="column-page">
      <div class="bar-top">
        <Find name="q" width={200} label="Find by id" placeholder="Id begins with" />
        <AddFilter />
        <Chips names={FILTERS.filter((n) => n !== 'q')} />
        <span class="grow" />
        <Views name="payments" />
        <TableMenu name="payments" columns={COLUMNS} changed={() => redraw((n) => n + 1)} />
        <Menu label="Export">
          <a href={exported('csv')} download="payments.csv">CSV, as shown</a>
          <a href={exported('ndjson')} download="payments.ndjson">NDJSON, whole records</a>
        </Menu>
      </div>
      <Table
        name="payments" label="Payments" list={list} columns={COLUMNS} id={(p) => p.txn_id} sort={sort} setSort={(s) => filter({ sort: s === '-time' ? null : s })}
        opened={open} open={(p) => openBeside(p.txn_id)}
        brief={(p) => <Brief level={p.level} at={p.timestamp} money={amount(p.amount, p.currency)} about={plain(p.reason) || [p.user_id, words(p.category)].filter(Boolean).join(' · ')} />}
        empty={<Empty command="ss-gen --count 10000 | ss-run 'ingest | features | score | rules' | ss-store fraud.db">No payment matches. New ones appear here once they are stored.</Empty>}
      />
      {open && <PaymentDrawer id={open} close={() => filter({ open: null })} changed={list.again} />}
    </div>
  )
}
