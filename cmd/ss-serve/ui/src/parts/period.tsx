import { filter, query } from '../router'
import { Choice } from './form'

export const PERIODS = [
  ['1h', '1 h'],
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
  ['365d', '1 y'],
] as const
export type Period = (typeof PERIODS)[number][0]

export function period(): Period {
  const text = query.value.get('period')
  return PERIODS.some(([p]) => p === text) ? (text as Period) : '24h'
}

/** The page's main filter; it lives in the address. */
export function PeriodChoice() {
  return <Choice label="Period" value={period()} options={PERIODS} change={(p) => filter({ period: p === '24h' ? null : p })} />
}
