// Why a payment was decided as it was: the same on the payments page, in cases and in what-if.
import { amount, count, many, percent, plain, score, times as oneDigit, words } from '../format'
import { Decision, Fired, PaymentRecord, Reason, Score } from '../types'
import { ActionTag, LevelTag } from './level'

export function Verdict({ decision, value }: { decision?: Decision; value?: Score }) {
  const level = decision?.level ?? value?.level
  return (
    <div class="verdict">
      <div class="figure">{score(decision?.score ?? value?.value)}</div>
      <LevelTag level={level} />
      {decision && <ActionTag action={decision.action} />}
    </div>
  )
}

/** Which files decided, in words. */
export function madeBy(by: NonNullable<Decision['by']>) {
  const model = by.model && by.model !== 'none' ? `Model ${by.model}` : 'No model, a fixed formula'
  return [model, by.rules ? `rules ${by.rules}` : 'no rules', by.features && `features ${by.features}`].filter(Boolean).join(', ')
}

/** Each reason as a bar: to the right what raised the score, what lowered it in green. */
export function Reasons({ of }: { of?: Score }) {
  if (!of) return <p class="quiet">No score was asked for this payment; its rules decided.</p>
  const reasons: Reason[] = of.reasons ?? []
  const top = Math.max(0.01, ...reasons.map((r) => Math.abs(r.impact)))
  return (
    <div class="lines">
      {of.model === 'none' && <p class="quiet">No model is loaded: a fixed formula of amount, speed, hour and place gave {score(of.value)}.</p>}
      {!reasons.length && <p class="quiet">{of.reasons ? 'Nothing stands out.' : 'Too low a score for reasons to be kept; what follows is what the rules saw.'}</p>}
      {reasons.map((r) => (
        <div key={r.code + r.feature} class="why" title={`${r.code} (${r.feature})`}>
          <span>{plain(r.text)}</span>
          <span class="bar" role="img" aria-label={`impact ${r.impact.toFixed(2)}`}>
            <i class={r.impact >= 0 ? 'up' : 'down'} style={{ width: `${(Math.abs(r.impact) / top) * 100}%` }} />
          </span>
          <span class="number">{r.impact > 0 ? '+' : r.impact < 0 ? '−' : ''}{score(Math.abs(r.impact))}</span>
        </div>
      ))}
    </div>
  )
}

export function FiredRules({ rules, shadow }: { rules: Fired[]; shadow?: Fired[] }) {
  if (!rules.length && !shadow?.length) return <p class="quiet">No rule fired.</p>
  return (
    <div class="lines">
      {[...rules.map((r) => ({ ...r, tried: false })), ...(shadow ?? []).map((r) => ({ ...r, tried: true }))].map((r) => (
        <div key={r.id + r.tried} class="row between">
          <span>
            <a class="link" href={`/rules?rule=${encodeURIComponent(r.id)}`}>{r.id}</a> <span class="quiet">{plain(r.reason)}</span>
          </span>
          <span class="row">
            {r.tried && <span class="tag">shadow</span>}
            {r.action && <ActionTag action={r.action} />}
            {r.score != null && <span class="number">{score(r.score)}</span>}
          </span>
        </div>
      ))}
    </div>
  )
}

const OWN = ['features', 'score', 'decision', 'alert', 'assessment', 'paced']

/** The record's own fields, as they came. */
export function Fields({ record }: { record: PaymentRecord }) {
  return (
    <dl class="pairs">
      {Object.entries(record)
        .filter(([name]) => !OWN.includes(name))
        .map(([name, value]) => (
          <>
            <dt key={name}>{words(name)}</dt>
            <dd class="clip" title={String(value)}>{value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd>
          </>
        ))}
    </dl>
  )
}

/** Every feature; those that are far from what they usually are can be seen at the reasons. */
export function Features({ features }: { features: Record<string, number | string | null> }) {
  const all = Object.entries(features).filter(([name]) => name !== 'set' && name !== 'late')
  return (
    <details>
      <summary>{count(all.length)} features</summary>
      <dl class="pairs small" style={{ marginTop: '8px' }}>
        {all.map(([name, value]) => (
          <>
            <dt key={name} class="mono">{name}</dt>
            <dd class="number">{value === null ? '–' : typeof value === 'number' ? Number(value.toPrecision(6)).toString() : value}</dd>
          </>
        ))}
      </dl>
    </details>
  )
}

/** How an amount lies to what this customer usually pays. */
export function Usual({ value, currency, usual }: { value: number; currency?: string | null; usual: { payments: number; amount_mean: number | null; amount_sd: number | null } }) {
  if (!usual.payments || usual.amount_mean == null) return <p class="quiet">No earlier payment of this customer is stored.</p>
  const times = value / usual.amount_mean
  return (
    <p class="quiet">
      {times >= 1.3 ? `${oneDigit(times)} × the customer's usual amount of ` : times <= 0.7 ? `${percent(times, 0)} of the customer's usual amount of ` : 'About the customer\'s usual amount of '}
      {amount(usual.amount_mean, currency)}, over {many(usual.payments, 'payment')}.
    </p>
  )
}
