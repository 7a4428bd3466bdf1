import { useHeading } from '../frame'

export default function Overview() {
  useHeading('Overview')
  return null
}
