import { useEffect, useState } from 'preact/hooks'
import { useData } from '../data'
import { change, compact, count, Level, localHour, percent, signed, words } from '../format'
import { useHeading } from '../frame'
import { listenSlowly } from '../live'
import { Chart, color, Rows, series, tip, Turn } from '../parts/chart'
import { Feed } from '../parts/feed'
import { LevelTag } from '../parts/level'
import { period, PeriodChoice } from '../parts/period'
import { Spark } from '../parts/spark'
import { Empty, Waiting } from '../parts/states'
import { Figure } from '../types'

function FigureBox({ name, figure, text, unit, note, title, goodWhenDown, share }: { name: string; figure?: Figure; text: string; unit?: string; note?: string; title?: string; goodWhenDown?: boolean; share?: boolean }) {
  const difference = figure ? (share ? ((figure.value ?? 0) - (figure.previous ?? 0)) : change(figure.value, figure.previous)) : null
  const shown = share ? (figure?.previous == null || figure.value == null ? '' : `${signed(difference).replace(' %', '')} points`) : signed(difference)
  const tone = !difference || goodWhenDown === undefined ? 'quiet' : (difference < 0) === goodWhenDown ? 'good' : 'bad'
  return (
    <div>
      <div class="quiet" title={title}>{name}</div>
      <div class="figure">{text}</div>
      <div class={`small clip ${note ? 'quiet' : tone}`} title={note ?? 'against the period before'}>{unit && `${unit}, `}{note ?? (shown || 'no period before')}</div>
      <Spark label={`${name}, its course`} values={(figure?.spark ?? []).map((v) => v ?? 0)} />
    </div>
  )
}

const AREAS: [Level, string][] = [['LOW', 'fill-low'], ['MEDIUM', 'fill-medium'], ['HIGH', 'fill-high'], ['CRITICAL', 'fill-critical']]

function Trend({ of }: { of: string }) {
  const by = of === '1h' ? 'minute' : of === '24h' || of === '7d' ? 'hour' : 'day'
  const asked = useData('analytics/trend', { by, period: of }, 30000)
  const { data } = asked
  const tick = (label: string) =>
    by === 'day' ? new Date(label).toLocaleDateString(undefined, { day: 'numeric', month: 'short' }) : new Date(label).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', hour12: false })
  return (
    <section class="card w12">
      <header>
        <h2>Payments at risk by level</h2>
        <span class="small">per {by}</span>
      </header>
      {!data ? (
        <Waiting of={asked} lines={11} height={18} />
      ) : data.items.length ? (
        <Chart
          label={`Payments of each level per ${by}`} height={276} of={data}
          option={() => series(data.items.map((b) => b.start), AREAS.map(([level, token]) => ({ name: level.toLowerCase(), color: token, stack: true, values: data.items.map((b) => b.levels?.[level] ?? 0) })), count, tick)}
          table={{ heads: ['From', 'Low', 'Medium', 'High', 'Critical'], rows: data.items.map((b) => [new Date(b.start).toLocaleString(), ...AREAS.map(([l]) => b.levels?.[l] ?? 0)]) }}
        />
      ) : (
        <Empty>The course of the day appears with the first payments.</Empty>
      )}
    </section>
  )
}

function Levels({ of }: { of: string }) {
  const asked = useData('analytics/breakdown', { dim: 'level', period: of }, 30000)
  const { data } = asked
  const n = (level: Level) => data?.items.find((i) => i.key === level)?.payments ?? 0
  const all = AREAS.slice().reverse()
  const total = all.reduce((sum, [l]) => sum + n(l), 0)
  return (
    <section class="card">
      <header>
        <h2>Level</h2>
      </header>
      {!data ? (
        <Waiting of={asked} lines={5} height={20} />
      ) : (
        <div class="ring">
          <div class="ring-sum"><b class="figure">{compact(total)}</b><span class="small quiet">at risk</span></div>
          <Chart
            label="Share of each level" height={132} of={data}
            option={() => ({
              tooltip: tip(),
              series: [{ type: 'pie', radius: ['72%', '96%'], label: { show: false }, itemStyle: { borderWidth: 2, borderColor: color('panel') }, emphasis: { disabled: true }, data: all.map(([l, token]) => ({ name: l.toLowerCase(), value: n(l), itemStyle: { color: color(token) } })) }],
            })}
            table={{ heads: ['Level', 'Payments'], rows: all.map(([l]) => [l.toLowerCase(), n(l)]) }}
          />
          <div class="lines">
            {all.map(([l]) => (
              <a key={l} class="row between" href={`/payments?level=${l}`}>
                <LevelTag level={l} />
                <b>{count(n(l))}</b>
              </a>
            ))}
          </div>
        </div>
      )}
    </section>
  )
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

export function Heat({ of, what = 'alerts' }: { of: string; what?: 'payments' | 'alerts' | 'fraud' }) {
  const asked = useData('analytics/heatmap', { period: of })
  const { data } = asked
  const [asTable, set] = useState(false)
  if (!data) return <Waiting of={asked} lines={8} height={13} />
  const cells = new Map(data.items.map((i) => [localHour(i.weekday * 24 + i.hour), i[what]]))
  const at = (d: number, h: number) => cells.get(d * 24 + h) ?? 0
  const top = Math.max(1, ...data.items.map((i) => i[what]))
  const label = `${what} by hour of the week; most: ${top} in an hour`
  if (asTable)
    return (
      <figure class="figure-box">
        <Rows label={label} height={170} table={{ heads: ['Day', 'Hour', words(what)], rows: [...cells].sort(([a], [b]) => a - b).filter(([, n]) => n).map(([at, n]) => [DAYS[Math.floor(at / 24)], `${String(at % 24).padStart(2, '0')}:00`, n]) }} />
        <Turn asTable set={set} />
      </figure>
    )
  return (
    <figure class="figure-box">
      <div class="heat" role="img" aria-label={label}>
        {DAYS.map((name, d) => (
          <>
            <span key={name}>{name}</span>
            {Array.from({ length: 24 }, (_, h) => (
              <i key={h} style={{ opacity: String(0.06 + 0.94 * (at(d, h) / top)) }} title={`${name} ${String(h).padStart(2, '0')}:00: ${at(d, h)} ${what}`} />
            ))}
          </>
        ))}
        <span />
        {Array.from({ length: 24 }, (_, h) => (
          <span key={h}>{h % 6 === 0 || h === 23 ? String(h).padStart(2, '0') : ''}</span>
        ))}
      </div>
      <Turn asTable={false} set={set} />
    </figure>
  )
}

function Rules({ of }: { of: string }) {
  const asked = useData('analytics/rules', { period: of }, 30000)
  const { data } = asked
  return (
    <section class="card w6">
      <header>
        <h2>Rules</h2>
        <span class="small">hits, precision of those labelled</span>
      </header>
      {!data ? (
        <Waiting of={asked} lines={7} height={25} />
      ) : data.items.some((r) => !r.shadow) ? (
        <div class="lines">
          {data.items.filter((r) => !r.shadow).slice(0, 7).map((r) => (
            <a key={r.rule} class="meter" href={`/rules?rule=${encodeURIComponent(r.rule)}`}>
              <span class="clip">{r.rule}</span>
              <span class="number">{count(r.hits)}</span>
              <span class="bar"><i style={{ width: `${(r.precision ?? 0) * 100}%` }} /></span>
              <span class="number">{percent(r.precision, 0)}</span>
            </a>
          ))}
        </div>
      ) : (
        <Empty>Rules that fire are counted here.</Empty>
      )}
    </section>
  )
}

export default function Overview() {
  useHeading('Overview', <PeriodChoice />)
  const of = period()
  const kpis = useData('analytics/kpis', { period: of }, 15000)
  useEffect(() => listenSlowly('cases', () => kpis.again(), 5000), [kpis.again])
  const k = kpis.data
  return (
    <div class="grid">
      <section class="card strip w12 wide" aria-label="Key figures">
        {!k ? (
          <div class="all"><Waiting of={kpis} lines={3} height={20} /></div>
        ) : (
          <>
            <FigureBox name="Payments" figure={k.payments} text={compact(k.payments.value)} />
            <FigureBox name="Value at risk" figure={k.value_at_risk} text={compact(k.value_at_risk.value)} unit={k.currency} title="The amounts of payments of level high and above" goodWhenDown />
            <FigureBox name="Alerts" figure={k.alerts} text={compact(k.alerts.value)} goodWhenDown />
            <FigureBox name="Blocked" figure={k.blocked} text={compact(k.blocked.value)} />
            <FigureBox name="Open cases" figure={k.open_cases} text={compact(k.open_cases.value)} note={k.sla_breached.value ? `${count(k.sla_breached.value)} past their deadline` : 'none past its deadline'} />
            <FigureBox name="Precision of rules" figure={k.precision} text={percent(k.precision.value)} share goodWhenDown={false} />
          </>
        )}
      </section>
      <div class="grid w8 wide">
        <Trend of={of} />
        <section class="card w6">
          <header>
            <h2>When it happens</h2>
            <span class="small">alerts, 30 days</span>
          </header>
          <Heat of="30d" />
        </section>
        <Rules of={of} />
      </div>
      <div class="stack far w4 wide beside">
        <Levels of={of} />
        <Feed />
      </div>
    </div>
  )
}
