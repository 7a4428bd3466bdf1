import { useEffect, useState } from 'preact/hooks'
import { now } from '../clock'
import { span, utc } from '../format'
import { Sla } from '../types'

/** The clock of a deadline; it runs by itself. */
export function Clock({ sla }: { sla: Sla }) {
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 30000)
    return () => clearInterval(timer)
  }, [])
  if (sla.state === 'met') return <span class="good small">in time</span>
  if (sla.state === 'missed') return <span class="bad small">late</span>
  if (sla.paused_since) return <span class="quiet small">paused</span>
  if (!sla.due) return null
  const left = Date.parse(sla.due) - now()
  const at = `due ${new Date(sla.due).toLocaleString()}`
  const paper = `due ${utc(sla.due)}`
  if (left < 0) return <span class="bad small" title={at} data-paper={paper}>past due {span(left)}</span>
  return <span class={`small ${sla.state === 'at_risk' ? 'bad' : 'quiet'}`} title={at} data-paper={paper}>{span(left)} left</span>
}
