import { describe, expect } from 'vitest'
import { test } from '../../setup/service.ts'

describe('working days', () => {
  test('follow the public holidays and make-up days of the country, and what the bank has changed', async ({ bank }) => {
    const ask = async (query: string) => (await bank.request(bank.code('M1'), 'GET', `/working-days?${query}`)).body
    const october = await ask('from=2026-09-30&to=2026-10-12')
    const working = (answer: any) => answer.days.filter((one: any) => one.working).map((one: any) => one.day)
    expect(october).toMatchObject({ calendar: 'CN', timeZone: 'Asia/Shanghai', announcedUntil: '2026-12-31' })
    // National Day 2026: 1 to 7 October off, Saturday 10 October worked in exchange.
    expect(working(october)).toEqual(['2026-09-30', '2026-10-08', '2026-10-09', '2026-10-10', '2026-10-12'])
    await bank.request('ADMIN', 'PUT', '/calendar-days/CN/2026-10-10', { kind: 'holiday', name: 'bank holiday' })
    const changed = await ask('from=2026-10-10&to=2026-10-10')
    expect(changed.days).toEqual([{ day: '2026-10-10', working: false, overridden: true, arranged: true }])
    const { data } = await bank.graphql(
      bank.code('M1'),
      '{ workingDays(from: "2026-10-10", to: "2026-10-10") { provisional days { day working overridden arranged } } }',
    )
    expect(data.workingDays).toEqual({ provisional: false, days: changed.days })
  })

  test('of a year that is not arranged yet are provisional, without the holidays that need no notice', async ({ bank }) => {
    const { body } = await bank.request(bank.code('M1'), 'GET', '/working-days?from=2026-12-31&to=2027-01-04')
    expect([body.provisional, body.days.map(({ working, arranged }: any) => [working, arranged])]).toEqual([
      true,
      [
        [true, true],
        [false, false],
        [false, false],
        [false, false],
        [true, false],
      ],
    ])
  })

  test('are those of the institution asked for, or of the nearest above it that says', async ({ bank }) => {
    await bank.feed('institutions', [
      {
        externalId: bank.code('P1'),
        name: '布拉格',
        kind: 'sub_branch',
        parentCode: bank.code('B1'),
        timeZone: 'Europe/Prague',
        calendar: 'none',
      },
      { externalId: bank.code('P2'), name: '布拉格一', kind: 'outlet', parentCode: bank.code('P1') },
    ])
    const { body } = await bank.request(
      bank.code('M1'),
      'GET',
      `/working-days?institutionId=${await bank.idOf('institution', 'P2')}&from=2026-10-01&to=2026-10-04`,
    )
    expect(body).toMatchObject({ calendar: 'none', timeZone: 'Europe/Prague', announcedUntil: null })
    expect(body.days.map(({ working }: any) => working)).toEqual([true, true, false, false])
  })

  test('of a reversed or endless period or an unknown institution are refused by name', async ({ bank }) => {
    const ask = async (query: string) => {
      const { status, body } = await bank.request(bank.code('M1'), 'GET', `/working-days?${query}`)
      return [status, body.errors?.[0]?.pointer]
    }
    expect(await ask('from=2026-10-02&to=2026-10-01')).toEqual([400, '/to'])
    expect(await ask('from=1800-01-01&to=9999-12-31')).toEqual([400, '/to'])
    expect(await ask(`from=2026-10-01&to=2026-10-02&institutionId=${crypto.randomUUID()}`)).toEqual([422, '/institutionId'])
    expect(await ask('from=2026-10-01')).toEqual([400, '/to'])
  })
})

describe('institutions and staff', () => {
  test('are listed by place, kind, role and state, with their relations both ways', async ({ bank }) => {
    const c = (name: string) => bank.code(name)
    const within = await bank.idOf('institution', 'B1')
    const listed = async (url: string, key: string) =>
      (await bank.request(c('M1'), 'GET', url)).body.items.map((one: any) => one[key])
    expect(await listed(`/institutions?institutionId=${within}`, 'code')).toEqual([c('B1'), c('O1'), c('O2')])
    expect(await listed(`/institutions?institutionId=${within}&kind=outlet&status=active`, 'code')).toEqual([c('O1'), c('O2')])
    expect(await listed(`/institutions?code=${c('O2')}`, 'code')).toEqual([c('O2')])
    expect(await listed(`/staff?institutionId=${within}&role=relationship_manager`, 'number')).toEqual([
      c('R1'),
      c('R2'),
      c('R3'),
    ])
    expect(await listed(`/staff?number=${c('M1')}`, 'number')).toEqual([c('M1')])
    const { data, errors } = await bank.graphql(
      c('M1'),
      `query ($id: ID!) { institution(institutionId: $id) { code parent { code children { code } } children { code staff { nodes { number institution { code } } } } customers { nodes { id } } } }`,
      { id: within },
    )
    expect(errors).toBeUndefined()
    expect(data.institution).toMatchObject({
      code: c('B1'),
      parent: { code: 'HO' },
      children: [{ code: c('O1') }, { code: c('O2') }],
    })
  })
})
