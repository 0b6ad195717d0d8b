import { type Day, dayOf } from '../../core/kernel/calendar.ts'
import type { Db } from '../platform/database.ts'
import { listTimeZones } from './institutions.ts'

/** The day it is at the institution of a customer: an assignment begins and ends at that institution's midnight, wherever its row comes from. */
export async function todayByInstitution(db: Db, now: Date, bankTimeZone: string): Promise<(institutionPath: string) => Day> {
  const zones = await listTimeZones(db, bankTimeZone)
  const days = new Map(zones.flatMap(({ timeZone, paths }) => paths.map((path) => [path, dayOf(now, timeZone)] as const)))
  return (institutionPath) => days.get(institutionPath) ?? dayOf(now, bankTimeZone)
}
