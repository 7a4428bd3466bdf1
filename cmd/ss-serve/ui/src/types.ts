// The shapes that pages work with, as the API's description states them (payments.json, customers.json, ...).
import { Level } from './format'

export interface Payment {
  seq: number
  txn_id: string
  timestamp: string
  user_id: string | null
  card_id: string | null
  merchant_id: string | null
  device_id: string | null
  ip: string | null
  country: string | null
  location: string | null
  category: string | null
  channel: string | null
  currency: string | null
  amount: number
  score: number | null
  level: Level
  action: string
  label: 0 | 1 | null
  latency_us: number | null
  alert_id: string | null
  reason: string | null
  rules: string[]
}
export interface Reason {
  code: string
  feature: string
  value: unknown
  impact: number
  text: string
}
export interface Fired {
  id: string
  score?: number
  action?: string
  reason?: string
}
export interface Score {
  value: number
  raw: number
  level: Level
  model: string
  reasons?: Reason[]
}
export interface Decision {
  action: string
  level: Level
  score: number
  rules: Fired[]
  shadow?: Fired[]
  by?: { features?: string; model?: string; rules?: string }
}
export interface PaymentRecord {
  features?: Record<string, number | string | null>
  score?: Score
  decision?: Decision
  [field: string]: unknown
}
export interface PaymentWhole {
  payment: Payment
  record: PaymentRecord
  before: Payment[]
  after: Payment[]
  usual: { payments: number; amount_mean: number | null; amount_sd: number | null; amount_median: number | null }
  labels: { label: number; source: string; actor: string | null; note: string | null; at: string }[]
  alerts: { id: string; status: string }[]
  cases: { id: number; number: string; title: string; status: string }[]
}
export interface Figure {
  value: number | null
  previous: number | null
  spark: (number | null)[]
}
export type Kpis = { as_of: string | null; period: string; payments_1h: number } & Record<
  'payments' | 'amount' | 'alerts' | 'critical_alerts' | 'blocked' | 'fraud_rate' | 'velocity_violations' | 'open_cases' | 'sla_breached' | 'precision' | 'latency_ms',
  Figure
>
export interface Bucket {
  start: string
  payments: number
  amount: number
  alerts: number
  blocked: number
  fraud: number
  genuine: number
  levels?: Partial<Record<Level, number>>
}
export interface RuleResult {
  rule: string
  shadow: boolean
  hits: number
  amount: number
  fraud: number
  genuine: number
  precision: number | null
}
export interface Customer {
  user_id: string
  first_seen: string
  last_seen: string
  payments: number
  amount: number
  alerts: number
  blocked: number
  fraud: number
  max_score: number
  risk: number
  level: Level
  note: string | null
}
export interface Person {
  id: number
  name: string
}
export interface Sla {
  state: 'on_track' | 'at_risk' | 'breached' | 'met' | 'missed'
  due: string | null
  seconds_left: number | null
  paused_since: string | null
}
export interface Case {
  id: number
  number: string
  title: string
  description: string
  status: string
  priority: 'low' | 'medium' | 'high' | 'critical'
  category: string
  user_id: string | null
  card_id: string | null
  alerts_count: number
  amount: number
  loss: number
  recovered: number
  currency: string | null
  assigned_to: Person | null
  escalated_to: Person | null
  resolution: string | null
  resolution_notes: string | null
  sla: Sla
  created_at: string
  last_alert_at: string | null
  version: number
  moves: string[]
}
export interface CasePayment {
  txn_id: string
  timestamp: string
  amount: number
  currency: string | null
  user_id: string | null
  merchant_id: string | null
  category: string | null
  country: string | null
  score: number | null
  level: Level
  action: string
  label: 0 | 1 | null
  record?: PaymentRecord
}
export interface Alert {
  id: string
  txn_id: string
  timestamp: string
  last_at: string
  user_id: string | null
  card_id: string | null
  merchant_id: string | null
  category: string | null
  amount: number
  currency: string | null
  count: number
  score: number | null
  level: Level
  action: string
  reason: string | null
  rules: string[]
  status: string
  case: { id: number; number: string } | null
  assigned_to: Person | null
  note: string | null
  snoozed_until: string | null
  version: number
}
export interface CaseWhole extends Case {
  comments_count: number
  payments_count: number
  customer: { user_id: string; first_payment_at: string | null; payments: number; amount: number; alerts: number; blocked: number; fraud: number; cases: number; risk: number | null } | null
  evidence: { id: number; name: string; type: string; size: number; sha256: string; added_by: string; added_at: string }[]
  alerts: Alert[]
  payments: CasePayment[]
}
export interface TimelineItem {
  at: string
  kind: 'alert' | 'activity' | 'comment' | 'evidence'
  actor: string | null
  id?: number
  /** Of an activity. */
  action?: string | null
  old?: string | null
  new?: string | null
  detail?: string | null
  /** Of a comment. */
  content?: string
  /** Of evidence. */
  name?: string
  /** Of an alert. */
  alert_id?: string
  reason?: string | null
  amount?: number
}
