import { ago, date, time, utc, when } from '../format'

/** A time in the viewer's zone, with UTC and the date on hover. */
export function When({ at, as = 'when' }: { at: string | null | undefined; as?: 'when' | 'time' | 'date' | 'ago' }) {
  if (!at) return <span>–</span>
  const text = as === 'time' ? time(at) : as === 'date' ? date(at) : as === 'ago' ? ago(at) : when(at)
  return (
    <time dateTime={at} title={utc(at)}>
      {text}
    </time>
  )
}
