// The time by the server's clock: the browser's may be wrong by hours, and deadlines are the server's.
let ahead = 0

export const now = () => Date.now() - ahead

/** What the server said its time was, in an answer that just came. Its seconds are whole, and the way takes a while. */
export function heardTime(date: string | null) {
  const off = Date.now() - Date.parse(date ?? '')
  if (isFinite(off)) ahead = Math.abs(off) < 20000 ? 0 : off
}
