import { amount, date, many, when } from '../format'
import { Payment } from '../types'

const WIDTH = 244
const HEIGHT = 72

/** A customer's payments as dots over time: those of a case stand out of the others, or do not. */
export function Amounts({ of, marked }: { of: Payment[]; marked: string[] }) {
  if (!of.length) return <p class="quiet">No payments in this time.</p>
  const times = of.map((p) => Date.parse(p.timestamp))
  const first = Math.min(...times)
  const last = Math.max(...times, first + 1)
  const top = Math.max(...of.map((p) => p.amount), 1)
  const most = of.find((p) => p.amount === top)
  const ours = of.filter((p) => marked.includes(p.txn_id))
  // What is marked is drawn last, over the rest.
  const dots = [...of.filter((p) => !marked.includes(p.txn_id)), ...ours]
  return (
    <figure>
      <svg class="dots" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${many(of.length, 'payment')} up to ${amount(top, most?.currency)}, ${ours.length} of this case`}>
        <line x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} />
        {dots.map((p) => (
          <circle
            key={p.txn_id} class={marked.includes(p.txn_id) ? 'ours' : ''} r={marked.includes(p.txn_id) ? 3.5 : 2}
            cx={(4 + ((Date.parse(p.timestamp) - first) / (last - first)) * (WIDTH - 8)).toFixed(1)} cy={(HEIGHT - 5 - (p.amount / top) * (HEIGHT - 11)).toFixed(1)}
          >
            <title>{`${amount(p.amount, p.currency)}, ${when(p.timestamp)}`}</title>
          </circle>
        ))}
      </svg>
      <figcaption class="row between small quiet"><span>{date(of[of.length - 1].timestamp)}</span><span>up to {amount(top, most?.currency)}</span></figcaption>
    </figure>
  )
}
