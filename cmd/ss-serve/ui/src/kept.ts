// What this browser keeps for its person. It may be told to keep nothing, or have no room left: then it is kept for as
// long as the page lives.
const here = new Map<string, string>()

export function kept(name: string): string | null {
  try {
    return here.get(name) ?? localStorage.getItem(name)
  } catch {
    return null
  }
}

/** null: no longer. */
export function keep(name: string, value: string | null) {
  here.delete(name)
  try {
    value === null ? localStorage.removeItem(name) : localStorage.setItem(name, value)
  } catch {
    if (value !== null) here.set(name, value)
  }
}
