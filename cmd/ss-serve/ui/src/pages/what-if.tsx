import { useEffect, useState } from 'preact/hooks'
import { get, may, Problem, send } from '../api'
import { useList } from '../data'
import { amount, count, plain, words } from '../format'
import { useHeading } from '../frame'
import { FiredRules, Reasons, Verdict } from '../parts/explain'
import { flipText } from '../parts/flips'
import { Field } from '../parts/form'
import { ActionTag, LevelTag } from '../parts/level'
import { Money } from '../parts/money'
import { Empty, Fault } from '../parts/states'
import { When } from '../parts/when'
import type { Body, Schema } from '../contract'
import { query } from '../router'
import { Payment } from '../types'

const FIELDS = ['user_id', 'amount', 'currency', 'merchant_id', 'category', 'country', 'location', 'device_id', 'card_id', 'channel', 'ip'] as const
type Form = Partial<Record<(typeof FIELDS)[number], string>>

export default function WhatIf() {
  const [form, set] = useState<Form>({ currency: 'EUR' })
  const [answer, setAnswer] = useState<Schema<'WhatIf'> | null>(null)
  const [fault, setFault] = useState<Problem | null>(null)
  const [sync, setSync] = useState(true)
  const like = query.value.get('like')
  useHeading('What-if')
  useEffect(() => {
    if (!like) return
    void get(`payments/${encodeURIComponent(like)}`).then((w) => set(Object.fromEntries(FIELDS.map((f) => [f, w.record[f] == null ? '' : String(w.record[f])])) as Form), setFault)
  }, [like])
  const list = useList('payments', sync ? { user_id: form.user_id || undefined, min_amount: form.amount && Number(form.amount) > 0 && !form.user_id ? form.amount : undefined, limit: 20 } : { limit: 20 })
  const example = async (kind: 'normal' | 'fraud') => {
    const page = await get('payments', { limit: 40, action: kind === 'normal' ? 'allow' : undefined, level: kind === 'normal' ? 'NONE' : undefined }).catch(() => ({ items: [] as Payment[] }))
    const p = page.items[Math.floor(Math.random() * page.items.length)]
    if (!p) return
    const base: Form = Object.fromEntries(FIELDS.map((f) => [f, p[f as keyof Payment] == null ? '' : String(p[f as keyof Payment])])) as Form
    set(kind === 'normal' ? base : { ...base, amount: String(Math.round((p.amount + 200) * 25)), device_id: `new-${Date.now() % 100000}`, country: p.country === 'LV' ? 'SG' : 'LV', location: '', ip: '', category: 'electronics' })
  }
  const ask = (event: Event) => {
    event.preventDefault()
    setFault(null)
    const body = Object.fromEntries(Object.entries(form).filter(([, v]) => v).map(([k, v]) => [k, k === 'amount' ? (isFinite(Number(v)) ? Number(v) : v) : v]))
    void send('POST', 'what-if', body as Body<'what-if', 'POST'>).then(setAnswer, (f) => { setFault(f); setAnswer(null) })
  }
  const input = (name: (typeof FIELDS)[number]) => (
    <Field key={name} label={name === 'ip' ? 'IP address' : name === 'user_id' ? 'Customer' : words(name.replace('_id', ''))} fault={fault?.of(name)}>
      <input class="input" inputMode={name === 'amount' ? 'decimal' : 'text'} value={form[name] ?? ''} onInput={(e) => set({ ...form, [name]: e.currentTarget.value })} />
    </Field>
  )
  return (
    <div class="grid">
      <form class="card w4 stack wide" onSubmit={ask}>
        <header><h2>A payment that might be</h2></header>
        <div class="row">
          <button type="button" class="button" onClick={() => example('normal')}>A normal one</button>
          <button type="button" class="button" onClick={() => example('fraud')}>A fraud-like one</button>
        </div>
        <div class="two">{FIELDS.map(input)}</div>
        {may('analyst') ? <div class="row"><button class="button main">Ask</button><button type="button" class="button" onClick={() => { set({ currency: 'EUR' }); setAnswer(null); setFault(null) }}>Reset</button></div> : <p class="quiet">A viewer may look, an analyst may ask.</p>}
        <p class="quiet small">Nothing is stored: the payment is weighed against what this customer has done up to now.</p>
      </form>
      <section class="card w8 wide" aria-live="polite">
        <header><h2>Verdict</h2></header>
        <Fault fault={fault} />
        {!answer ? (
          <Empty>Fill in a customer and an amount, or take an example, and ask.</Empty>
        ) : (
          <>
            <div class="row"><Verdict decision={answer.decision ?? undefined} value={answer.score ?? undefined} />{answer.status === 'fraud' && <span class="tag bad">Looks like fraud</span>}</div>
            {answer.flips.length > 0 && (
              <section class="section"><h2>What would change it</h2>
                <ul class="lines">{answer.flips.map((f) => <li key={f.field} class="row between"><span>{flipText(f.text)}</span><ActionTag action={f.action} /></li>)}</ul>
              </section>
            )}
            <section class="section"><h2>Signs</h2>{answer.flag_details.length ? <ul class="lines">{answer.flag_details.map((f) => <li key={f.code} title={f.code}>{f.message.charAt(0).toUpperCase() + f.message.slice(1)}</li>)}</ul> : <p class="quiet">None.</p>}</section>
            <section class="section"><h2>Why</h2><Reasons of={answer.score ?? undefined} /></section>
            <section class="section"><h2>Rules</h2><FiredRules rules={answer.decision?.rules ?? []} shadow={answer.decision?.shadow} /></section>
            <section class="section"><h2>This customer before</h2>
              <p class="quiet">{answer.history.recent_count ? <>{count(answer.history.recent_count)} payments looked at, {amount(answer.history.average_amount)} on average; the last of {amount(answer.history.last_amount)} at <When at={answer.history.last_time} />{answer.history.last_location && ` in ${answer.history.last_location}`}.</> : 'No payments yet.'}</p>
            </section>
          </>
        )}
      </section>
      <section class="card w12 wide">
        <header><h2>Payments</h2><label class="row small"><input type="checkbox" checked={sync} onChange={(e) => setSync(e.currentTarget.checked)} /> Sync table results with the form</label></header>
        <div class="lines pays">
          {list.items.map((p) => (
            <a key={p.txn_id} href={`/payments?open=${encodeURIComponent(p.txn_id)}`}>
              <span class="quiet"><When at={p.timestamp} /></span><LevelTag level={p.level} /><span class="clip">{plain(p.reason) || [p.user_id, p.merchant_id, p.category].filter(Boolean).join(' · ')}</span><ActionTag action={p.action} /><b class="number"><Money of={p.amount} currency={p.currency} /></b>
            </a>
          ))}
          {!list.loading && !list.items.length && <p class="quiet">No such payments.</p>}
        </div>
      </section>
    </div>
  )
}
