// What would have made a payment pass: asked of the rules and model in force, as what-if asks.
import { useEffect, useState } from 'preact/hooks'
import { may, send } from '../api'
import type { Body, Schema } from '../contract'
import { capital } from '../format'
import { PaymentRecord } from '../types'
import { ActionTag } from './level'

const ASKED = ['user_id', 'amount', 'currency', 'merchant_id', 'category', 'country', 'location', 'lat', 'lon', 'device_id', 'card_id', 'channel', 'ip']

/** "at an amount of 41 it would be: allow", without what the label beside it says. */
export function flipText(text: string | undefined) {
  return capital((text ?? '').replace(/ it would be: \w+$/, ''))
}

export function Flips({ of }: { of: PaymentRecord }) {
  const [flips, set] = useState<Schema<'WhatIf'>['flips']>([])
  const action = of.decision?.action
  useEffect(() => {
    set([])
    if (!may('analyst') || !action || action === 'allow') return
    let gone = false
    const record = of as Record<string, unknown>
    const body = Object.fromEntries(ASKED.filter((name) => record[name] != null).map((name) => [name, record[name]]))
    // Not for each case that is passed on the way to another.
    const timer = setTimeout(() => {
      send('POST', 'what-if', body as Body<'what-if', 'POST'>).then(
        // Where it would be decided otherwise by now, what changes that says nothing of what was decided.
        (answer) => !gone && answer.decision?.action === action && set(answer.flips),
        () => {},
      )
    }, 400)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [String(of.txn_id), action])
  if (!flips.length) return null
  return (
    <section class="section">
      <h2>What would change it</h2>
      <ul class="lines">
        {flips.slice(0, 4).map((f) => (
          <li key={f.field} class="row between"><span>{flipText(f.text)}</span><ActionTag action={f.action} /></li>
        ))}
      </ul>
    </section>
  )
}
