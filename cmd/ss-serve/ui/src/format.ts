// Figures and times for people, by the browser's locale and zone.
import { now } from './clock'

export type Level = 'NONE' | 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL'
export const LEVELS: Level[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NONE']

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 2 })
/** So many digits behind the point, or what the locale has for one. */
const fixed = [0, 1, 2].map((digits) => new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits }))
/** With as many digits behind the point as the currency has: none of JPY, three of KWD. */
const money = new Map<string, Intl.NumberFormat>()
function moneyOf(currency: string) {
  let format = money.get(currency)
  if (!format) {
    let digits = 2
    try {
      digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
    } catch {
      // No currency's name.
    }
    format = new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits })
    if (money.size < 400) money.set(currency, format)
  }
  return format
}

export function count(n: number | null | undefined) {
  return n == null ? '–' : whole.format(n)
}
/** An hour of the week (0: Monday, midnight) of UTC, in the viewer's zone; half hours fall into the hour before. */
export function localHour(hour: number, hours = 168) {
  const ahead = Math.floor(-new Date().getTimezoneOffset() / 60)
  return (hour + ahead + hours) % hours
}
/** 18.42 M: for key figures. */
export function compact(n: number | null | undefined) {
  return n == null ? '–' : Math.abs(n) < 100000 ? whole.format(n) : short.format(n)
}
export function percent(share: number | null | undefined, digits = 1) {
  return share == null || !isFinite(share) ? '–' : `${fixed[digits].format(share * 100)} %`
}
export function score(value: number | null | undefined) {
  return value == null ? '–' : fixed[2].format(value)
}
/** 6.2 times. */
export function times(value: number) {
  return fixed[1].format(value)
}
export function amount(value: number | null | undefined, currency?: string | null) {
  return value == null ? '–' : moneyOf(currency ?? '').format(value) + (currency ? ` ${currency}` : '')
}
/** The change against before, as a share; null when there was nothing before. */
export function change(now: number | null | undefined, before: number | null | undefined) {
  return now == null || !before ? null : now / before - 1
}
export function signed(share: number | null) {
  return share == null ? '' : `${share > 0 ? '+' : share < 0 ? '−' : ''}${fixed[1].format(Math.abs(share * 100))} %`
}
export function milliseconds(us: number | null | undefined) {
  return us == null ? '–' : fixed[us < 10000 ? 2 : 0].format(us / 1000)
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })
const moment = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })

export function time(text: string | null | undefined) {
  return text ? clock.format(new Date(text)) : '–'
}
export function date(text: string | null | undefined) {
  return text ? day.format(new Date(text)) : '–'
}
export function when(text: string | null | undefined) {
  return text ? moment.format(new Date(text)) : '–'
}
/** The same everywhere: for those who compare. */
export function utc(text: string) {
  return `${new Date(text).toISOString().replace('T', ' ').replace('Z', '')} UTC`
}
/** "4 min", "3 h", "2 d": a span without its direction. */
export function span(ms: number) {
  const s = Math.abs(ms) / 1000
  if (s < 60) return `${Math.round(s)} s`
  if (s < 3600) return `${Math.round(s / 60)} min`
  if (s < 86400 * 2) return `${Math.floor(s / 3600)}:${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} h`
  return `${Math.round(s / 86400)} d`
}
export function ago(text: string | null | undefined) {
  // What is a moment ahead was only told faster than the clocks agree.
  return text ? `${span(Math.max(0, now() - Date.parse(text)))} ago` : '–'
}
/** Long ids keep their ends: 3f91…a07c. */
export function shortId(id: string, keep = 6) {
  return id.length <= keep * 2 + 1 ? id : `${id.slice(0, keep)}…${id.slice(-4)}`
}
export function capital(text: string) {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
/** velocity_fraud -> Velocity fraud */
export function words(name: string | null | undefined) {
  return capital((name ?? '').replace(/[_-]/g, ' '))
}
/** "1 payment", "2 payments". */
export function many(n: number, one: string) {
  return `${count(n)} ${one}${n === 1 ? '' : 's'}`
}
const point = fixed[1].format(0.5)[1]
/** What a rule says, with spans as people say them: "15584.907 seconds before" is 4:19 h. */
export function plain(text: string | null | undefined) {
  return capital((text ?? '').replace(/(\d+(?:\.\d+)?) seconds\b/g, (_, n) => span(Number(n) * 1000)).replace(/(\d+)(?:\.\d+)? (km|km\/h)\b/g, (_, n, unit) => `${count(Number(n))} ${unit}`).replace(/(?<![\w.])(\d+)\.(\d+)(?![\w.]*\w)/g, (n, whole, rest) => (whole.length > 3 ? amount(Number(n)) : whole + point + rest)))
}
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\b(Firefox|FxiOS)\//, 'Firefox'], [/\bHeadlessChrome\//, 'Chrome without a window'],
  [/\b(Chrome|CriOS)\//, 'Chrome'], [/\bSafari\//, 'Safari'], [/^curl\//, 'curl'],
]
const SYSTEMS: [RegExp, string][] = [
  [/\b(iPhone|iPad)\b/, 'iOS'], [/\bAndroid\b/, 'Android'], [/\bWindows\b/, 'Windows'], [/\bCrOS\b/, 'ChromeOS'], [/\bMac OS X\b/, 'macOS'], [/\bLinux\b/, 'Linux'],
]
/** "Firefox on Linux", from what a browser says of itself; what is not known by name stays as it is. */
export function browserName(agent: string | null | undefined) {
  if (!agent) return 'Unknown browser'
  const name = BROWSERS.find(([is]) => is.test(agent))?.[1]
  const system = SYSTEMS.find(([is]) => is.test(agent))?.[1]
  return name ? (system ? `${name} on ${system}` : name) : agent.split(/[\s/]/)[0] || 'Unknown browser'
}
