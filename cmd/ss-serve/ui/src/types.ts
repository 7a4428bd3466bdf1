// The parts of the API that pages pass around, under the names that the API's description gives them.
import type { Answer, Item, Schema } from './contract'

export type Person = Schema<'Person'>
export type Payment = Schema<'Payment'>
export type PaymentWhole = Schema<'PaymentWhole'>
export type PaymentRecord = Schema<'Record'>
export type Reason = Schema<'Reason'>
export type Fired = Schema<'Fired'>
export type Score = Schema<'Score'>
export type Decision = Schema<'Decision'>
export type Alert = Schema<'Alert'>
export type Case = Schema<'Case'>
export type CaseWhole = Schema<'CaseWhole'>
export type CasePayment = Schema<'CasePayment'>
export type Sla = Schema<'Sla'>
export type TimelineItem = Schema<'TimelineItem'>
export type Customer = Schema<'Customer'>
export type Kpis = Answer<'analytics/kpis'>
export type Figure = Kpis['payments']
export type Bucket = Item<'analytics/trend'>
export type RuleResult = Item<'analytics/rules'>
