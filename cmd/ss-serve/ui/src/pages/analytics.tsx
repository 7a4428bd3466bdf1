import { url } from '../api'
import { useData } from '../data'
import { amount, compact, count, milliseconds, percent, score, times, words } from '../format'
import { useHeading } from '../frame'
import { Chart, color, legend, series } from '../parts/chart'
import { Choice } from '../parts/form'
import { period, PeriodChoice } from '../parts/period'
import { Empty, Waiting } from '../parts/states'
import { filter, query } from '../router'
import { Bucket } from '../types'
import { Heat } from './overview'

const DIMS = [['category', 'Category'], ['merchant', 'Merchant'], ['reason', 'Reason'], ['country', 'Country'], ['channel', 'Channel'], ['rule', 'Rule'], ['action', 'Decision']] as const

function tickOf(by: string) {
  return (label: string) => (by === 'day' ? new Date(label).toLocaleDateString(undefined, { day: 'numeric', month: 'short' }) : new Date(label).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', hour12: false }))
}

function Trends({ of }: { of: string }) {
  const by = of === '1h' ? 'minute' : of === '24h' || of === '7d' ? 'hour' : 'day'
  const asked = useData('analytics/trend', { by, period: of })
  const { data } = asked
  if (!data) return <Waiting of={asked} lines={9} height={18} />
  const labels = data.items.map((b) => b.start)
  return (
    <Chart
      label={`Payments, alerts and known frauds per ${by}`} height={230} of={data}
      option={() => {
        const option: any = series(labels, [{ name: 'payments', values: data.items.map((b) => b.payments) }], count, tickOf(by))
        option.yAxis = [option.yAxis, { ...option.yAxis, splitLine: { show: false } }]
        for (const [name, token, pick] of [['alerts', 'fill-high', (b: Bucket) => b.alerts], ['known frauds', 'fill-critical', (b: Bucket) => b.fraud]] as const)
          option.series.push({ name, type: 'line', yAxisIndex: 1, symbol: 'none', color: color(token), lineStyle: { width: 1.5 }, data: data.items.map(pick) })
        option.legend = legend()
        option.grid.top = 28
        return option
      }}
      table={{ heads: ['From', 'Payments', 'Amount', 'Alerts', 'Blocked', 'Known frauds', 'Cases opened', 'Cases resolved'], rows: data.items.map((b) => [new Date(b.start).toLocaleString(), b.payments, amount(b.amount), b.alerts, b.blocked, b.fraud, b.cases_opened, b.cases_resolved]) }}
    />
  )
}

function Breakdown({ of }: { of: string }) {
  const dim = (query.value.get('by') ?? 'category') as (typeof DIMS)[number][0]
  const asked = useData('analytics/breakdown', { dim, period: of, limit: 12 })
  const { data } = asked
  const top = Math.max(1, ...(data?.items ?? []).map((i) => i.payments))
  const param = dim === 'merchant' ? 'merchant_id' : dim
  return (
    <section class="card w12 wide">
      <header class="middle"><h2>Broken down by</h2><Choice label="Dimension" value={dim} options={DIMS} change={(by) => filter({ by: by === 'category' ? null : by })} /></header>
      {!data ? <Waiting of={asked} lines={10} height={24} /> : !data.items.length ? <Empty>Nothing in this period.</Empty> : (
        <div class="scroll" tabIndex={0} role="region" aria-label={`By ${dim}`}>
          <table class="table">
            <caption class="visually-hidden">Payments by {dim}</caption>
            <thead><tr><th scope="col">{words(dim)}</th><th scope="col"><span class="visually-hidden">Share</span></th><th scope="col" class="number">Payments</th><th scope="col" class="number">Amount</th><th scope="col" class="number">Alerts</th><th scope="col" class="number">Known frauds</th></tr></thead>
            <tbody>
              {data.items.map((i) => (
                <tr key={i.key}>
                  <td>{dim === 'reason' ? words(i.key) : <a class="link" href={`/payments?${param}=${encodeURIComponent(i.key)}`}>{dim === 'merchant' ? i.key : words(i.key)}</a>}</td>
                  <td style={{ width: '30%' }}><span class="bar" style={{ display: 'block' }}><i style={{ width: `${(i.payments / top) * 100}%` }} /></span></td>
                  <td class="number">{count(i.payments)}</td><td class="number">{amount(i.amount)}</td><td class="number">{count(i.alerts)}</td><td class="number">{count(i.fraud)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function ScoreCharts({ of }: { of: string }) {
  const asked = useData('analytics/scores', { period: of })
  const { data } = asked
  return (
    <>
      <section class="card w6 wide">
        <header><h2>Scores</h2><span class="small">payments per step of 0.05, on a logarithmic scale</span></header>
        {!data ? <Waiting of={asked} lines={8} height={19} /> : (
          <Chart
            label="Distribution of scores" height={210} of={data}
            option={() => {
              const option: any = series(data.bins.map((b) => score(b.from)), [{ name: 'payments', values: data.bins.map((b) => b.payments || null), kind: 'bar' }, { name: 'known frauds', values: data.bins.map((b) => b.fraud || null), kind: 'bar', color: 'fill-critical' }], count)
              option.yAxis.type = 'log'
              option.yAxis.min = 0.5
              option.yAxis.axisLabel.formatter = (v: number) => (v < 1 ? '' : count(v))
              return option
            }}
            table={{ heads: ['From', 'Payments', 'Known frauds', 'Known genuine'], rows: data.bins.map((b) => [score(b.from), b.payments, b.fraud, b.genuine]) }}
          />
        )}
      </section>
      <section class="card w6 wide">
        <header><h2>Precision and recall by threshold</h2><span class="small">of what is labelled</span></header>
        {!data ? <Waiting of={asked} lines={8} height={19} /> : (
          <Chart
            label="Precision and recall of each threshold" height={210} of={data}
            option={() => {
              const up = data.thresholds.slice().reverse()
              const option: any = series(up.map((t) => score(t.threshold)), [{ name: 'precision', values: up.map((t) => t.precision) }, { name: 'recall', values: up.map((t) => t.recall), color: 'fill-good' }], (v) => percent(v, 0))
              option.yAxis.max = 1
              option.yAxis.interval = 0.25
              option.legend = legend()
              option.grid.top = 28
              return option
            }}
            table={{ heads: ['Threshold', 'Precision', 'Recall', 'Share of payments'], rows: data.thresholds.map((t) => [score(t.threshold), percent(t.precision), percent(t.recall), percent(t.share, 2)]) }}
          />
        )}
      </section>
    </>
  )
}

function RuleTable({ of }: { of: string }) {
  const asked = useData('analytics/rules', { period: of })
  const { data } = asked
  return (
    <section class="card w6 wide">
      <header><h2>Rules</h2><span class="small">hits and precision</span></header>
      {!data ? <Waiting of={asked} lines={9} height={25} /> : (
        <div class="lines">
          {data.items.slice(0, 8).map((r) => (
            <a key={r.rule + r.shadow} class="meter" href={`/rules?rule=${encodeURIComponent(r.rule)}`} title={`${count(r.fraud)} fraud, ${count(r.genuine)} genuine, ${amount(r.amount)}`}>
              <span class="clip">{r.rule} {r.shadow && <span class="tag">shadow</span>}</span>
              <span class="number">{count(r.hits)}</span>
              <span class="bar"><i style={{ width: `${(r.precision ?? 0) * 100}%` }} /></span>
              <span class="number">{percent(r.precision, 0)}</span>
            </a>
          ))}
          {data.items.length > 8 && <p><a class="link" href="/rules">All rules</a></p>}
          {!data.items.length && <p class="quiet">No rule fired.</p>}
        </div>
      )}
    </section>
  )
}

function Speed({ of }: { of: string }) {
  const latency = useData('analytics/latency', { period: of })
  const flow = useData('analytics/throughput', { period: of === '24h' ? '24h' : '1h' })
  const l = latency.data
  return (
    <section class="card w6 wide">
      <header><h2>Latency and throughput</h2>{l && l.items.length > 0 && <span class="small">p50 {milliseconds(l.p50_us)} · p95 {milliseconds(l.p95_us)} · p99 {milliseconds(l.p99_us)} · most {milliseconds(l.max_us)} ms</span>}</header>
      {!l ? <Waiting of={latency} lines={6} /> : !l.items.length ? <p class="quiet">How long each took is kept with payments that come over the API. For the live ones, see the top right.</p> : (
        <Chart
          label="Latency per hour" height={130} of={l}
          option={() => series(l.items.map((i) => i.start), [{ name: 'p50', values: l.items.map((i) => i.p50_us && i.p50_us / 1000) }, { name: 'p99', values: l.items.map((i) => i.p99_us && i.p99_us / 1000), color: 'fill-high' }], (v) => `${times(v)} ms`, tickOf('hour'))}
          table={{ heads: ['From', 'p50, ms', 'p99, ms'], rows: l.items.map((i) => [new Date(i.start).toLocaleString(), milliseconds(i.p50_us), milliseconds(i.p99_us)]) }}
        />
      )}
      {flow.data && flow.data.items.length > 1 && (
        <Chart
          label="Payments per minute" height={110} of={flow.data}
          option={() => series(flow.data!.items.map((i) => i.start), [{ name: 'payments per minute', values: flow.data!.items.map((i) => i.payments) }], compact, tickOf('minute'))}
          table={{ heads: ['Minute', 'Payments'], rows: flow.data.items.map((i) => [new Date(i.start).toLocaleString(), i.payments]) }}
        />
      )}
    </section>
  )
}

function Drift({ of }: { of: string }) {
  const asked = useData('analytics/drift', { period: of })
  const { data } = asked
  return (
    <section class="card w6 wide">
      <header><h2>Drift</h2><span class="small">population stability index; above 0.25 the payments are no longer those of before</span></header>
      {!data ? <Waiting of={asked} lines={5} /> : (
        <>
          <p>{data.verdict}</p>
          <div class="lines">
            {data.items.slice(0, 8).map((i) => (
              <div key={i.feature} class="meter" style={{ gridTemplateColumns: 'minmax(0, 1fr) 120px 52px' }}>
                <code class="clip">{i.feature}</code>
                <span class="bar"><i class={(i.psi ?? 0) > 0.25 ? 'up' : ''} style={{ width: `${Math.min(100, (i.psi ?? 0) * 200)}%` }} /></span>
                <span class="number">{score(i.psi)}</span>
              </div>
            ))}
          </div>
        </>
      )}
    </section>
  )
}

export default function Analytics() {
  const of = period()
  useHeading('Analytics', (
    <>
      <PeriodChoice />
      <a class="button" href={url('export', { kind: 'payments', format: 'csv' })} download="payments.csv">Export</a>
    </>
  ))
  return (
    <div class="grid">
      <section class="card w12 wide"><header><h2>Payments, alerts, known frauds</h2></header><Trends of={of} /></section>
      <Breakdown of={of} />
      <ScoreCharts of={of} />
      <section class="card w6 wide"><header><h2>Known frauds by hour of the week</h2></header><Heat of={of === '1h' || of === '24h' ? '7d' : of} what="fraud" /></section>
      <RuleTable of={of} />
      <Speed of={of} />
      <Drift of={of} />
    </div>
  )
}
