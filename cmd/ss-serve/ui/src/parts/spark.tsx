/** A line without axes, for a figure's recent past. */
export function Spark({ values, label }: { values: number[]; label: string }) {
  if (values.length < 2) return <svg class="spark" role="img" aria-label={`${label}: no history yet`} />
  const top = Math.max(...values)
  const low = Math.min(...values)
  const y = (v: number) => (top === low ? 12 : 22 - ((v - low) / (top - low)) * 20)
  const points = values.map((v, i) => `${((i / (values.length - 1)) * 160).toFixed(1)},${y(v).toFixed(1)}`).join(' ')
  return (
    <svg class="spark" viewBox="0 0 160 24" preserveAspectRatio="none" role="img" aria-label={label}>
      <polyline points={points} fill="none" stroke="var(--accent)" stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  )
}
