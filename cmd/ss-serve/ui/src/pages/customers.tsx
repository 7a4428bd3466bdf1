import { useState } from 'preact/hooks'
import { may, send, url } from '../api'
import { useData, useList } from '../data'
import { amount, compact, count, date, localHour, many, percent, plain, score, shortId, words } from '../format'
import { useHeading } from '../frame'
import { Chart, color, series } from '../parts/chart'
import { Find } from '../parts/form'
import { Links } from '../parts/links'
import { LevelTag } from '../parts/level'
import { Money } from '../parts/money'
import { Empty, Fault, Skeleton } from '../parts/states'
import { Brief, Column, Table } from '../parts/table'
import { toast } from '../parts/toast'
import { When } from '../parts/when'
import { filter, go, parts, query } from '../router'
import { Customer } from '../types'
import type { Schema } from '../contract'

const COLUMNS: Column<Customer>[] = [
  { key: 'id', title: 'Customer', cell: (c) => c.user_id },
  { key: 'risk', title: 'Risk', number: true, sort: 'risk', cell: (c) => percent(c.risk, 0) },
  { key: 'level', title: 'Level', cell: (c) => <LevelTag level={c.level} /> },
  { key: 'payments', title: 'Payments', number: true, sort: 'payments', cell: (c) => count(c.payments) },
  { key: 'amount', title: 'Spent', number: true, sort: 'amount', cell: (c) => amount(c.amount) },
  { key: 'alerts', title: 'Alerts', number: true, sort: 'alerts', cell: (c) => count(c.alerts) },
  { key: 'blocked', title: 'Blocked', number: true, cell: (c) => count(c.blocked) },
  { key: 'fraud', title: 'Known frauds', number: true, sort: 'fraud', cell: (c) => count(c.fraud) },
  { key: 'last', title: 'Last seen', sort: 'last', cell: (c) => <When at={c.last_seen} /> },
  { key: 'first', title: 'First seen', hidden: true, cell: (c) => <When at={c.first_seen} as="date" /> },
]

type Seen = Schema<'Seen'>

function SeenList({ title, of, kind }: { title: string; of: Seen[]; kind?: string }) {
  const top = Math.max(1, ...of.map((s) => s.payments))
  return (
    <section class="card w4">
      <header><h2>{title}</h2><span class="small">payments</span></header>
      {of.length ? (
        <div class="lines">
          {of.slice(0, 6).map((s) => (
            <div key={s.value} class="meter" style={{ gridTemplateColumns: 'minmax(0, 1fr) 70px 40px' }} title={`${date(s.first_seen)} to ${date(s.last_seen)}, ${amount(s.amount)}`}>
              <span class="clip">{kind ? <a class="link" href={`/payments?${kind}=${encodeURIComponent(s.value)}`}>{kind === 'category' ? words(s.value) : shortId(s.value, 9)}</a> : s.value}{s.fraud > 0 && <> <span class="tag bad">{count(s.fraud)} fraud</span></>}</span>
              <span class="bar"><i style={{ width: `${(s.payments / top) * 100}%` }} /></span>
              <span class="number">{count(s.payments)}</span>
            </div>
          ))}
        </div>
      ) : (
        <p class="quiet">None seen.</p>
      )}
    </section>
  )
}

function Note({ of, again }: { of: Customer; again: () => void }) {
  const [text, set] = useState(of.note ?? '')
  const save = () => send('PUT', `customers/${encodeURIComponent(of.user_id)}/note`, { note: text || null }).then(() => { toast('Note kept'); again() }, (f) => toast(f.message))
  if (!may('analyst')) return <p>{of.note ?? <span class="quiet">No note.</span>}</p>
  return (
    <div class="stack">
      <textarea class="input" aria-label="Note" placeholder="What colleagues should know" value={text} onInput={(e) => set(e.currentTarget.value)} />
      <button type="button" class="button" disabled={text === (of.note ?? '')} onClick={save}>Keep</button>
    </div>
  )
}

function Profile({ id }: { id: string }) {
  const { data: w, fault, again } = useData(`customers/${encodeURIComponent(id)}`)
  useHeading(`Customer ${id}`, <a class="button" href="/customers">All customers</a>)
  if (!w) return fault ? <Fault fault={fault} again={again} /> : <Skeleton lines={16} height={18} />
  const c = w.customer
  const hours = w.usual.hours.map((_, h) => w.usual.hours.find((_n, utc) => localHour(utc, 24) === h) ?? 0)
  const day = (text: string) => new Date(text).toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
  return (
    <div class="grid">
      <section class="card strip w12 wide" aria-label="Totals">
        <div><div class="quiet">Risk</div><div class="figure">{percent(c.risk, 0)}</div><LevelTag level={c.level} /></div>
        <div><div class="quiet">Payments</div><div class="figure">{count(c.payments)}</div><div class="small quiet">since <When at={c.first_seen} as="date" /></div></div>
        <div><div class="quiet">Spent</div><div class="figure">{amount(c.amount)}</div><div class="small quiet">usually {amount(w.usual.amount_median)}</div></div>
        <div><div class="quiet">Alerts</div><div class="figure">{count(c.alerts)}</div><div class="small quiet">{count(w.cases.length)} {w.cases.length === 1 ? 'case' : 'cases'}</div></div>
        <div><div class="quiet">Blocked</div><div class="figure">{count(c.blocked)}</div></div>
        <div><div class="quiet">Known frauds</div><div class="figure">{count(c.fraud)}</div></div>
      </section>
      <section class="card w8 wide">
        <header><h2>Spend and greatest score by day</h2><span class="small">score on the right</span></header>
        <Chart
          label="Spend and greatest score by day" height={272} of={w.days}
          option={() => {
            const option: any = series(w.days.map((d) => d.day), [{ name: 'spent', values: w.days.map((d) => d.amount), kind: 'bar' }], (v) => amount(v), day)
            option.yAxis.axisLabel.formatter = compact
            option.yAxis = [option.yAxis, { type: 'value', min: 0, max: 1, interval: 0.5, axisLabel: { ...option.yAxis.axisLabel, formatter: score }, splitLine: { show: false } }]
            option.series.push({ name: 'score', type: 'line', yAxisIndex: 1, data: w.days.map((d) => d.max_score), color: color('fill-critical'), symbolSize: 5, lineStyle: { width: 1.5 }, tooltip: { valueFormatter: (v: number) => score(v) } })
            return option
          }}
          table={{ heads: ['Day', 'Payments', 'Spent', 'Greatest score'], rows: w.days.map((d) => [day(d.day), d.payments, amount(d.amount), score(d.max_score)]) }}
        />
      </section>
      <section class="card w4"><header><h2>Linked with</h2></header><Links id={id} /></section>
      <SeenList title="Devices" of={w.devices} kind="device_id" />
      <SeenList title="Merchants" of={w.merchants} kind="merchant_id" />
      <SeenList title="Places" of={w.places.length ? w.places : w.countries} />
      <SeenList title="Cards" of={w.cards} kind="card_id" />
      <SeenList title="Categories" of={w.usual.categories} kind="category" />
      <section class="card w4">
        <header><h2>Usual hours</h2></header>
        <Chart
          label="Payments by hour of the day" height={130} of={w.usual.hours}
          option={() => series(hours.map((_, h) => String(h)), [{ name: 'payments', values: hours, kind: 'bar' }], count)}
          table={{ heads: ['Hour', 'Payments'], rows: hours.map((n, h) => [h, n]) }}
        />
      </section>
      <section class="card w8 wide">
        <header><h2>Last payments</h2><a class="link small" href={`/payments?user_id=${encodeURIComponent(id)}`}>all</a></header>
        <div class="lines pays four">
          {w.recent.slice(0, 12).map((p) => (
            <a key={p.txn_id} href={`/payments?open=${encodeURIComponent(p.txn_id)}&user_id=${encodeURIComponent(id)}`}>
              <span class="quiet"><When at={p.timestamp} /></span><LevelTag level={p.level} />
              <span class="clip">{plain(p.reason) || [p.merchant_id, words(p.category).toLowerCase(), p.location].filter(Boolean).join(' · ')}</span>
              <b class="number"><Money of={p.amount} currency={p.currency} /></b>
            </a>
          ))}
        </div>
      </section>
      <section class="card w4">
        <header><h2>Cases and notes</h2></header>
        <div class="lines">
          {w.cases.map((k) => <a key={k.id} class="row between" href={`/cases/${k.id}`}><span class="clip">{k.title}</span><span class="tag">{words(k.status)}</span></a>)}
        </div>
        <div style={{ marginTop: '10px' }}><Note key={c.user_id} of={c} again={again} /></div>
      </section>
    </div>
  )
}

function All() {
  const sort = query.value.get('sort') ?? '-risk'
  const q = query.value.get('q')
  const list = useList('customers', { q, sort, limit: 200 })
  useHeading('Customers', undefined, true)
  return (
    <div class="column-page">
      <div class="bar-top">
        <Find name="q" width={300} label="Find a customer" placeholder="Customer, card, device, address" />
        <span class="grow" />
        <a class="button" href={url('export', { kind: 'customers', format: 'csv', q })} download="customers.csv">Export</a>
      </div>
      <Table
        brief={(c) => <Brief level={c.level} at={c.last_seen} money={amount(c.amount)} about={`${c.user_id}: ${many(c.payments, 'payment')}, ${many(c.alerts, 'alert')}, ${many(c.fraud, 'known fraud')}`} />}
        name="customers" label="Customers" list={list} columns={COLUMNS} id={(c) => c.user_id} sort={sort} setSort={(s) => filter({ sort: s === '-risk' ? null : s })}
        open={(c) => go(`/customers/${encodeURIComponent(c.user_id)}`)} empty={<Empty>{q ? 'Nobody of that name, and no card, device or address either.' : 'Customers appear with their first payment.'}</Empty>}
      />
    </div>
  )
}

export default function Customers() {
  const id = parts.value[1]
  return id ? <Profile key={id} id={id} /> : <All />
}
