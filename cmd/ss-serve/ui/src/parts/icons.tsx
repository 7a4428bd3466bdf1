// Sixteen-pixel line drawings, one path each.
const PATHS: Record<string, string> = {
  overview: 'M3 13V6h3v7M8 13V3h3v10M13 13H2',
  payments: 'M2 4h12v8H2zM2 7h12',
  alerts: 'M8 2.5 14 13H2zM8 7v3M8 11.5v.3',
  cases: 'M2.5 5h11v8h-11zM6 5V3h4v2',
  customers: 'M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M3 14c.4-3 2.2-4.2 5-4.2s4.600 1.200 5 4.200',
  analytics: 'M2 12l4-5 3 3 5-6',
  rules: 'M2 4h12M2 8h8M2 12h5',
  lists: 'M5 4h9M5 8h9M5 12h9M2 4h.5M2 8h.5M2 12h.5',
  'what-if': 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 5v3l2 1.500',
  lab: 'M6 2h4M7 2v4l-4 7h10L9 6V2',
  people: 'M6 8a2.200 2.200 0 1 0 0-4.400A2.200 2.200 0 0 0 6 8M2 13c.3-2.600 1.700-3.600 4-3.600s3.700 1 4 3.600M11 4.500a2 2 0 0 1 0 3.500M12 10c1.300.5 1.900 1.500 2 3',
  keys: 'M5.500 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M8.500 8H14v2.500M11.500 8v2',
  settings: 'M2 5h7M12 5h2M2 11h2M7 11h7M10.500 3.500v3M5.500 9.500v3',
  audit: 'M4 2h8v12H4zM6 5h4M6 8h4M6 11h2',
}

export function Icon({ name }: { name: string }) {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={PATHS[name] ?? ''} />
    </svg>
  )
}

/** The product's mark. */
export function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 24 24" aria-hidden="true">
      <rect width="24" height="24" rx="6" fill="var(--strong)" />
      <path d="M5 12h3l2.200-5 3.600 10 2.200-5h3" fill="none" stroke="var(--on-strong)" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  )
}
