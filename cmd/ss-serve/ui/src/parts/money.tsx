import { amount } from '../format'

/** An amount among others: its currency in a lighter grey and of one width, so that digits stand below digits. */
export function Money({ of, currency }: { of: number | null | undefined; currency?: string | null }) {
  if (of == null || !currency) return <>{amount(of)}</>
  return (
    <>
      {amount(of, currency).slice(0, -currency.length - 1)} <span class="unit">{currency}</span>
    </>
  )
}
