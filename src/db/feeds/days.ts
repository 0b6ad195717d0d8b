import { dayOf, type Day } from '../../core/calendar.ts'
import type { Db } from '../database.ts'
import { listTimeZones } from '../organisation.ts'

/** The day it is where a customer is kept: an assignment begins and ends at that institution's midnight, wherever its row comes from. */
export async function todayByInstitution(db: Db, now: Date, bankTimeZone: string): Promise<(institutionPath: string) => Day> {
  const zones = await listTimeZones(db, bankTimeZone)
  const days = new Map(zones.flatMap(({ timeZone, paths }) => paths.map((path) => [path, dayOf(now, timeZone)] as const)))
  return (institutionPath) => days.get(institutionPath) ?? dayOf(now, bankTimeZone)
}
