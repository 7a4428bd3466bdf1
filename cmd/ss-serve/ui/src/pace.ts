// How often what is shown is read again for what is told of it.
import { useCallback, useEffect, useRef } from 'preact/hooks'

/**
 * `want(ms)` has `read` called within so many ms: once for all who want it meanwhile, never while reading (`busy`), and
 * the later the longer it took before: reading, with showing what was read, takes one part of `share` of the time at
 * most. Where there is no need any more, `read` gives false.
 */
export function usePace(read: () => void | false, busy: boolean, ms: number, share = 10) {
  const now = useRef({ read, busy })
  now.current = { read, busy }
  const it = useRef({ due: Infinity, rest: 0, begun: 0, timer: 0 }).current
  const look = useCallback(() => {
    clearTimeout(it.timer)
    if (it.due === Infinity || now.current.busy) return
    const left = Math.max(it.due, it.rest) - performance.now()
    if (left > 0) {
      it.timer = window.setTimeout(look, left)
      return
    }
    it.due = Infinity
    const begun = performance.now()
    if (now.current.read() !== false) it.begun = begun
  }, [])
  useEffect(() => {
    if (busy) it.begun ||= performance.now()
    else if (it.begun) {
      it.rest = performance.now() + (share - 1) * (performance.now() - it.begun)
      it.begun = 0
    }
    look()
  }, [busy])
  useEffect(() => () => clearTimeout(it.timer), [])
  return useCallback((within = ms) => {
    it.due = Math.min(it.due, performance.now() + within)
    look()
  }, [])
}
