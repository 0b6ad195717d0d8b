import { customerAccessReason } from '../../../src/operations/dossier/accesses.ts'
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { rotateAll } from '../../../scripts/rotate-keys.ts'
import { checkBankSettings } from '../../../src/db/platform/bank-setting.ts'
import { rotatedParts } from '../../../src/db/dossier/rotation.ts'
import { sealedValues } from '../../../src/db/dossier/sealed-values.ts'
import { openVault } from '../../../src/db/platform/vault.ts'
import { addContactPoint } from '../../../src/operations/dossier/contact-points.ts'
import { revealCustomerField } from '../../../src/operations/dossier/reveals.ts'
import { customerSearch } from '../../../src/operations/segmentation/customer-search.ts'
import { execute, type Service } from '../../../src/operations/platform/execute.ts'
import { importRejects, type RejectedRows } from '../../../src/operations/feeds/imports.ts'
import type { Operation } from '../../../src/operations/platform/operation.ts'
import { rotateKeys } from '../../../src/operations/dossier/rotation.ts'
import { selectionOf } from '../../../src/rest/platform/route.ts'
import { headOffice, startService, TestBank, type TestService } from '../../setup/service.ts'
import { customerIds, fillDossiers } from '../dossiers.ts'

const key = (id: string) => ({ id, key: randomBytes(32) })
const [m1, m2, i1, i2] = [key('m1'), key('m2'), key('i1'), key('i2')] as const

async function withBank(work: (bank: TestBank, service: TestService) => Promise<void>): Promise<void> {
  // Both keys are known, the old ones still current: how every instance runs before a rotation.
  const service = await startService({}, { keys: { master: [m1, m2], index: [i1, i2] } })
  try {
    await headOffice(service)
    const bank = await (await new TestBank(service).build()).withCustomers()
    await fillDossiers(bank)
    await work(bank, service)
  } finally {
    await service.stop()
  }
}

const withKeys = (
  { service }: TestService,
  master: readonly ReturnType<typeof key>[],
  index: readonly ReturnType<typeof key>[],
): Service => ({
  ...service,
  vault: openVault({ master, index }),
})

const ask = async (
  service: Service,
  operation: Operation,
  number: string,
  input: object,
  idempotencyKey?: string,
): Promise<any> =>
  execute(service, operation, {
    caller: { kind: 'staff', number },
    input,
    selection: selectionOf(operation),
    refusedAs: null,
    idempotencyKey,
  })

describe('a rotation of the keys', () => {
  test('brings all under the current ones while the service runs, after which the old ones may go', async () => {
    await withBank(async (bank, service) => {
      const ids = await customerIds(bank)
      const manager = bank.code('M1')
      const contact = { customerId: ids['1'], kind: 'phone', purpose: 'work', value: '13766667777' }
      const added = await ask(service.service, addContactPoint, manager, contact, 'same')
      await ask(service.service, revealCustomerField, manager, {
        customerId: ids['1'],
        field: 'contact_value',
        id: added.answer.id,
        purpose: 'contact',
        reason: '客户来电',
      })
      const bad = await bank.import('customers', [
        { externalId: bank.code('bad'), kind: 'nothing', name: '明文', institutionCode: bank.code('B1') },
      ])

      // Broken off after one batch, and begun again; meanwhile instances with the old keys go on writing.
      const rotating = withKeys(service, [m2, m1], [i2, i1])
      const system = { kind: 'system', name: 'rotate-keys' } as const
      const { answer } = await execute(rotating, rotateKeys, {
        caller: system,
        input: { part: 'customer_keys', limit: 2 },
        selection: new Map(),
        refusedAs: null,
      })
      expect(answer).toMatchObject({ rotated: 2, next: [expect.any(String)] })
      const told: string[] = []
      let writes: Promise<unknown> = Promise.resolve()
      await rotateAll(rotating, 3, (line) => {
        told.push(line)
        if (told.length === 3)
          writes = bank.request(manager, 'POST', `/customers/${ids['2']}/contact-points`, {
            kind: 'phone',
            purpose: 'work',
            value: '13788889999',
          })
      })
      expect(await writes).toMatchObject({ status: 201 })
      await rotateAll(rotating, 3, (line) => void told.push(line))
      expect(told[0]).toMatch(/^customer keys: \d+ of \d+$/)
      expect(new Set(told.map((line) => line.split(':')[0]))).toEqual(
        new Set(rotatedParts.map((part) => part.replaceAll('_', ' '))),
      )
      expect(await rotateAll(rotating, 3, () => {})).toBe(0)

      const { differences } = await checkBankSettings(
        service.ownerUrl,
        { baseCurrency: 'CNY', master: [m2], index: [i2] },
        new Date(),
      )
      expect(differences).toEqual([])
      const after = withKeys(service, [m2], [i2])
      const finds = async (search: object) => (await ask(after, customerSearch, manager, search)).answer.rows.length
      expect(await finds({ phone: '13766667777' })).toBe(1)
      expect(await finds({ phone: '13788889999' })).toBe(1)
      expect(await finds({ phone: '13812345678' })).toBe(2)
      expect(await finds({ documentNumber: 'E11111111', documentType: 'passport', documentCountry: 'DE' })).toBe(1)
      const reveal = (field: string, id: string) =>
        ask(after, revealCustomerField, manager, {
          customerId: ids['1'],
          field,
          id,
          purpose: 'contact',
          reason: 'checks the rotation',
        })
      expect((await reveal('contact_value', added.answer.id)).answer.value).toBe('+8613766667777')
      const idIn = async (table: string) =>
        (await service.owner.query(`select id from ${table} where customer_id = $1 limit 1`, [ids['1']])).rows[0].id
      expect((await reveal('movement_counterparty', await idIn('movement'))).answer.value).toBe('6217000010001234567')
      expect((await reveal('address_line', await idIn('address'))).answer.value).toContain('mark')
      // Stored answers, rejected rows and reasons open without the old keys too.
      const again = await ask(after, addContactPoint, manager, contact, 'same')
      expect([again.replayed, again.answer]).toEqual([true, added.answer])
      const { rows } = await service.owner.query(
        `select id from audit_entry where details ->> 'access' = 'reveal' order by id limit 1`,
      )
      expect(
        (await ask(after, customerAccessReason, bank.code('U1'), { customerId: ids['1'], accessId: rows[0].id })).answer.reason,
      ).toBe('客户来电')
      const rejects = await execute(after, importRejects, {
        caller: { kind: 'client', clientId: 'core' },
        input: { importId: bad.body.id },
        selection: new Map(),
        refusedAs: null,
      })
      const lines: string[] = []
      for await (const { raw } of (rejects.answer as RejectedRows).rows) lines.push(raw)
      expect(lines.join()).toContain('明文')
      const { rows: logged } = await service.owner.query(
        `select count(*)::int as n from audit_entry where operation = 'rotateKeys' and details ? 'rotated'`,
      )
      expect(logged[0].n).toBeGreaterThan(5)
    })
  })

  test('knows every column that is encrypted beside a hash', async () => {
    await withBank(async (_bank, { owner }) => {
      const { rows } = await owner.query(
        `select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public' and column_name like '%\\_encrypted'
         and table_name in (select table_name from information_schema.columns where column_name = 'index_key_id') order by 1`,
      )
      expect(rows.map(({ name }) => name)).toEqual(
        Object.values(sealedValues)
          .map(({ table, encrypted }) => `${table}.${encrypted}`)
          .sort(),
      )
    })
  })
})
