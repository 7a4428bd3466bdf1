// Beside a case: who the customer is, what they usually pay, and whom they share something with.
import { now } from '../clock'
import { useData } from '../data'
import { amount, count, percent } from '../format'
import { Amounts } from '../parts/amounts'
import { Links } from '../parts/links'
import { Skeleton } from '../parts/states'
import { When } from '../parts/when'
import { CaseWhole } from '../types'

const DAYS = 90

export function Customer({ of }: { of: CaseWhole }) {
  const c = of.customer
  const since = new Date((Date.parse(of.last_alert_at ?? '') || now()) - DAYS * 86400e3).toISOString()
  const payments = useData(c ? 'payments' : null, { user_id: c?.user_id ?? undefined, since, limit: 200 })
  if (!c) return <p class="quiet">No customer is known.</p>
  return (
    <>
      <section>
        <h2><a class="link" href={`/customers/${encodeURIComponent(c.user_id)}`}>Customer {c.user_id}</a></h2>
        <dl class="pairs">
          <dt>Since</dt><dd><When at={c.first_payment_at} as="date" /></dd>
          <dt>Payments</dt><dd>{count(c.payments)}, {amount(c.amount, of.currency)}</dd>
          <dt>Alerts</dt><dd>{count(c.alerts)}, {count(c.blocked)} blocked</dd>
          <dt>Known frauds</dt><dd>{count(c.fraud)}</dd>
          <dt>Cases</dt><dd>{count(c.cases)}</dd>
          <dt>Risk</dt><dd>{percent(c.risk, 0)}</dd>
        </dl>
      </section>
      <section>
        <h2>Amounts, {DAYS} days</h2>
        {payments.data ? <Amounts of={payments.data.items} marked={of.payments.map((p) => p.txn_id)} /> : <Skeleton lines={3} />}
      </section>
      <section>
        <h2>Linked with</h2>
        <Links key={c.user_id} id={c.user_id} height={180} />
      </section>
    </>
  )
}
