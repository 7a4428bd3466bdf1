// A generator in the page: payments that are made up, sent as a program would send them, and what became of each.
import { useEffect, useRef, useState } from 'preact/hooks'
import { may, Problem, send } from '../api'
import { count, percent, plain, score } from '../format'
import { useHeading } from '../frame'
import { Choice } from '../parts/form'
import { ActionTag, LevelTag } from '../parts/level'
import { Money } from '../parts/money'
import { Empty, Fault } from '../parts/states'
import { go } from '../router'
import { PaymentRecord } from '../types'

type Scenario = 'normal' | 'burst' | 'card_testing' | 'large' | 'travel' | 'device'
const SCENARIOS: [Scenario, string, string][] = [
  ['normal', 'Ordinary days', 'people who pay what they always pay'],
  ['burst', 'Velocity burst', 'one card, many payments within a minute'],
  ['card_testing', 'Card testing', 'tiny payments, then a large one'],
  ['large', 'Large amounts', 'far above what the customer spends'],
  ['travel', 'Impossible travel', 'two countries within minutes'],
  ['device', 'New device', 'an unknown device at night, in another country'],
]
interface Sent {
  id: string
  scenario: Scenario
  amount: number
  record: PaymentRecord
}
const pick = <T,>(all: readonly T[]) => all[Math.floor(Math.random() * all.length)]

const PLACES = [['DE', 'Berlin, DE', 52.52, 13.4], ['FR', 'Lyon, FR', 45.76, 4.84], ['US', 'Chicago, IL', 41.88, -87.63], ['GB', 'Leeds, GB', 53.8, -1.55]] as const

function ordinary(run: string) {
  // So many that none of them pays again within a minute, as people do.
  const user = Math.floor(Math.random() * 5000)
  const [country, location, lat, lon] = PLACES[user % 4]
  return {
    user_id: `lab-${run}-${user}`, card_id: `LAB-${run}-${user}`, device_id: `lab-${run}-device-${user}`, merchant_id: `lab-shop-${Math.floor(Math.random() * 200)}`,
    amount: Math.round((5 + (user % 7) * 9 + Math.random() * 20) * 100) / 100, currency: 'EUR', country, location, lat, lon, category: pick(['grocery', 'restaurant', 'gas', 'retail']), channel: pick(['card_present', 'online']),
  }
}

function attack(run: string, scenario: Scenario, step: number) {
  const base = { ...ordinary(run), country: 'DE', location: 'Berlin, DE', lat: 52.52, lon: 13.4 }
  const victim = { ...base, user_id: `lab-${run}-${step % 9}`, card_id: `LAB-${run}-${step % 9}` }
  switch (scenario) {
    case 'burst': return { ...victim, user_id: `lab-${run}-burst`, card_id: `LAB-${run}-burst`, amount: 10 + Math.random() * 40, channel: 'online', category: 'online' }
    case 'card_testing': return { ...victim, user_id: `lab-${run}-test`, card_id: `LAB-${run}-test`, amount: step % 8 === 7 ? 1480 : 0.99, channel: 'online', device_id: 'lab-tester' }
    case 'large': return { ...victim, amount: 4200 + Math.random() * 4000, category: 'electronics', channel: 'online' }
    case 'travel': return { ...victim, user_id: `lab-${run}-travel`, card_id: `LAB-${run}-travel`, ...(step % 2 ? { country: 'SG', location: 'Singapore', lat: 1.35, lon: 103.82 } : { country: 'PT', location: 'Lisbon, PT', lat: 38.72, lon: -9.14 }), amount: 80 + Math.random() * 200 }
    case 'device': return { ...victim, device_id: `unknown-${step}`, country: 'LV', location: 'Riga, LV', lat: 56.95, lon: 24.1, amount: 900 + Math.random() * 600, channel: 'online' }
    default: return base
  }
}

export default function Lab() {
  const [scenario, setScenario] = useState<Scenario>('burst')
  const [rate, setRate] = useState<'5' | '20' | '50'>('5')
  const [share, setShare] = useState(20)
  const [running, run] = useState(false)
  const [fault, setFault] = useState<Problem | null>(null)
  const [sent, setSent] = useState<Sent[]>([])
  const [totals, setTotals] = useState({ normal: 0, normalHit: 0, attack: 0, attackHit: 0 })
  const state = useRef({ scenario, share, step: 0, run: Date.now().toString(36).slice(-5), under: 0 })
  state.current.scenario = scenario
  state.current.share = share
  useHeading('Lab')
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => {
      const s = state.current
      // A server that falls behind is not pushed further.
      if (s.under > 40 || document.visibilityState !== 'visible') return
      const attacks = s.scenario !== 'normal' && Math.random() * 100 < s.share
      const kind: Scenario = attacks ? s.scenario : 'normal'
      const body = attacks ? attack(s.run, kind, s.step++) : ordinary(s.run)
      body.amount = Math.round(body.amount * 100) / 100
      s.under++
      send('POST', 'payments', body)
        .then((record) => {
          const hit = ['review', 'challenge', 'block'].includes(record.decision?.action ?? '')
          setTotals((t) => (attacks ? { ...t, attack: t.attack + 1, attackHit: t.attackHit + +hit } : { ...t, normal: t.normal + 1, normalHit: t.normalHit + +hit }))
          setSent((all) => [{ id: String(record.txn_id), scenario: kind, amount: body.amount, record }, ...all].slice(0, 60))
          setFault(null)
        })
        .catch((f: Problem) => {
          setFault(f)
          run(false)
        })
        .finally(() => s.under--)
    }, 1000 / Number(rate))
    return () => clearInterval(timer)
  }, [running, rate])
  if (!may('analyst')) return <Empty>An analyst may send payments from here.</Empty>
  return (
    <div class="grid">
      <section class="card w4 stack far wide">
        <header><h2>Make payments</h2></header>
        <p class="quiet">Made-up payments of customers called lab-…, sent to this server as a program would: scored, decided, stored and told to everybody who watches.</p>
        <div class="stack" role="radiogroup" aria-label="Scenario">
          {SCENARIOS.map(([key, name, about]) => (
            <label key={key} class="row" style={{ alignItems: 'flex-start' }}>
              <input type="radio" name="scenario" checked={scenario === key} onChange={() => setScenario(key)} />
              <span><b>{name}</b> <span class="quiet">{about}</span></span>
            </label>
          ))}
        </div>
        <label class="field"><span>Share of attacks: {share} %</span><input type="range" min="1" max="100" value={share} disabled={scenario === 'normal'} onInput={(e) => setShare(Number(e.currentTarget.value))} /></label>
        <Choice label="Payments a second" value={rate} options={[['5', '5 /s'], ['20', '20 /s'], ['50', '50 /s']]} change={setRate} />
        <div class="row">
          <button type="button" class="button main" onClick={() => run(!running)}>{running ? 'Stop' : 'Start'}</button>
          <button type="button" class="button" onClick={() => { setSent([]); setTotals({ normal: 0, normalHit: 0, attack: 0, attackHit: 0 }) }}>Clear</button>
        </div>
        <Fault fault={fault} />
      </section>
      <section class="card w8 wide" aria-live="off">
        <header><h2>What became of them</h2></header>
        <div class="strip four card">
          <div><div class="quiet">Attacks</div><div class="figure">{count(totals.attack)}</div></div>
          <div><div class="quiet">of these caught</div><div class="figure">{totals.attack ? percent(totals.attackHit / totals.attack, 0) : '–'}</div></div>
          <div><div class="quiet">Ordinary</div><div class="figure">{count(totals.normal)}</div></div>
          <div><div class="quiet">of these disturbed</div><div class="figure">{totals.normal ? percent(totals.normalHit / totals.normal, 1) : '–'}</div></div>
        </div>
        {!sent.length ? <Empty>Choose a scenario, and start.</Empty> : (
          <ol class="lines pays six" style={{ marginTop: '12px' }}>
            {sent.slice(0, 24).map((s) => (
              <li key={s.id}>
                <LevelTag level={s.record.decision?.level ?? s.record.score?.level} />
                <button type="button" class="link clip" style={{ textAlign: 'left' }} onClick={() => go(`/payments?open=${encodeURIComponent(s.id)}`)}>{plain(s.record.decision?.rules[0]?.reason ?? s.record.score?.reasons?.[0]?.text) || 'Nothing unusual'}</button>
                <span class="tag">{SCENARIOS.find(([k]) => k === s.scenario)?.[1]}</span>
                <span class="number">{score(s.record.decision?.score ?? s.record.score?.value)}</span>
                <ActionTag action={s.record.decision?.action} />
                <b class="number"><Money of={s.amount} currency="EUR" /></b>
              </li>
            ))}
          </ol>
        )}
      </section>
    </div>
  )
}
