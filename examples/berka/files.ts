import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Day, parseDay } from '../../src/core/kernel/calendar.ts'
import { parseAmount } from '../../src/core/kernel/money.ts'
import { csvValues } from '../../src/rest/streams/csv-record.ts'

/** The one currency of the set. */
export const currency = 'CZK'

interface District {
  readonly id: string
  /** Column A2. */
  readonly name: string
  /** Column A3. */
  readonly region: string
}

interface Client {
  readonly id: string
  readonly gender: 'male' | 'female'
  readonly birthDate: Day
  readonly districtId: string
}

interface Account {
  readonly id: string
  readonly openedOn: Day
}

interface Disposition {
  readonly id: string
  readonly clientId: string
  readonly accountId: string
  readonly type: 'OWNER' | 'DISPONENT'
}

interface Card {
  readonly id: string
  readonly dispositionId: string
  readonly type: string
  readonly issuedOn: Day
}

interface Loan {
  readonly id: string
  readonly accountId: string
  readonly grantedOn: Day
  /** Granted, in hellers. */
  readonly amount: bigint
  readonly months: number
  /** A, B: the contract has ended; C, D: it runs. */
  readonly status: 'A' | 'B' | 'C' | 'D'
}

export interface Transaction {
  readonly id: string
  readonly accountId: string
  readonly day: Day
  readonly direction: 'in' | 'out'
  /** Empty for interest credited. */
  readonly operation: string
  /** What it was for, trimmed; empty where unknown. */
  readonly symbol: string
  /** Above 0, in hellers. */
  readonly amount: bigint
  /** Of the account after it, in hellers. */
  readonly balance: bigint
  /** Bank of the other side; empty where unknown. */
  readonly bank: string
  /** Account of the other side; empty where unknown. */
  readonly account: string
}

/** The set, without `order.csv`: standing orders have no import entity. */
export interface Berka {
  readonly districts: readonly District[]
  readonly clients: readonly Client[]
  readonly accounts: readonly Account[]
  readonly dispositions: readonly Disposition[]
  readonly cards: readonly Card[]
  readonly loans: readonly Loan[]
  readonly transactions: readonly Transaction[]
}

type Fields = Readonly<Record<string, string>>

/** Reads the files of the set from a folder. Throws an `Error` that names the file and what in it cannot be read. */
export async function readBerka(folder: string): Promise<Berka> {
  const read = async <T>(file: string, separator: ',' | ';', one: (fields: Fields) => T): Promise<readonly T[]> => {
    const text = await readFile(join(folder, file), 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw new Error(`${folder} has no ${file}: name the folder that holds the files of the set.`, { cause: error })
    })
    try {
      return parseTable(text, separator).map(one)
    } catch (error) {
      throw new Error(`${file}: ${(error as Error).message}`, { cause: error })
    }
  }
  const [districts, clients, accounts, dispositions, cards, loans, transactions] = await Promise.all([
    read('district.csv', ',', districtOf),
    read('client.csv', ',', clientOf),
    read('account.csv', ',', accountOf),
    read('disp.csv', ',', dispositionOf),
    read('card.csv', ',', cardOf),
    read('loan.csv', ',', loanOf),
    read('trans.csv', ';', transactionOf),
  ])
  return { districts, clients, accounts, dispositions, cards, loans, transactions }
}

/** Records by the names in the first line. No field of the set holds a line feed, and only the files with commas use quotes. Throws where a record does not fit. */
export function parseTable(text: string, separator: ',' | ';'): readonly Fields[] {
  const [header = [], ...records] = text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line, index) => valuesOf(line, separator, index + 1))
  return records.map((values, index) => {
    if (values.length !== header.length)
      throw new Error(`line ${index + 2} has ${values.length} fields, the header ${header.length}.`)
    return Object.fromEntries(header.map((name, column) => [name, values[column]!]))
  })
}

function valuesOf(line: string, separator: ',' | ';', number: number): readonly string[] {
  if (separator === ';') return line.split(';')
  const values = csvValues(line)
  if ('fault' in values) throw new Error(`line ${number} has a ${values.fault.replaceAll('_', ' ')}.`)
  return values.map((value) => value ?? '')
}

const districtOf = (fields: Fields): District => ({
  id: text(fields, 'district_id'),
  name: text(fields, 'A2'),
  region: text(fields, 'A3'),
})

const clientOf = (fields: Fields): Client => ({
  id: text(fields, 'client_id'),
  gender: oneOf(fields, 'gender', ['M', 'F']) === 'M' ? 'male' : 'female',
  birthDate: day(fields, 'birth_date'),
  districtId: text(fields, 'district_id'),
})

const accountOf = (fields: Fields): Account => ({ id: text(fields, 'account_id'), openedOn: day(fields, 'date') })

const dispositionOf = (fields: Fields): Disposition => ({
  id: text(fields, 'disp_id'),
  clientId: text(fields, 'client_id'),
  accountId: text(fields, 'account_id'),
  type: oneOf(fields, 'type', ['OWNER', 'DISPONENT']),
})

const cardOf = (fields: Fields): Card => ({
  id: text(fields, 'card_id'),
  dispositionId: text(fields, 'disp_id'),
  type: text(fields, 'type'),
  issuedOn: day(fields, 'issued'),
})

const loanOf = (fields: Fields): Loan => ({
  id: text(fields, 'loan_id'),
  accountId: text(fields, 'account_id'),
  grantedOn: day(fields, 'date'),
  amount: money(fields, 'amount'),
  months: Number(text(fields, 'duration')),
  status: oneOf(fields, 'status', ['A', 'B', 'C', 'D']),
})

const transactionOf = (fields: Fields): Transaction => ({
  id: text(fields, 'trans_id'),
  accountId: text(fields, 'account_id'),
  day: shortDay(fields, 'date'),
  // 856 rows give the operation once more in place of the type: they are withdrawals.
  direction: oneOf(fields, 'type', ['credit', 'withdrawal', 'withdrawal in cash']) === 'credit' ? 'in' : 'out',
  operation: fields['operation'] ?? '',
  symbol: (fields['k_symbol'] ?? '').trim(),
  amount: money(fields, 'amount'),
  balance: money(fields, 'balance'),
  bank: fields['bank'] ?? '',
  // Cash rows name the account 0 where there is no other side.
  account: fields['account'] === '0' ? '' : (fields['account'] ?? ''),
})

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (!value) throw new Error(`a record has no ${name}.`)
  return value
}

function oneOf<const T extends string>(fields: Fields, name: string, known: readonly T[]): T {
  const value = known.find((one) => one === fields[name])
  if (value === undefined) throw new Error(`${name} is ${JSON.stringify(fields[name])}, known are ${known.join(', ')}.`)
  return value
}

function day(fields: Fields, name: string): Day {
  const value = text(fields, name)
  if (parseDay(value) === undefined) throw new Error(`${name} is ${JSON.stringify(value)}, which is no day.`)
  return value
}

/** `YYMMDD`; the set ends before 2000. */
function shortDay(fields: Fields, name: string): Day {
  const value = text(fields, name)
  return day({ [name]: `19${value.slice(0, 2)}-${value.slice(2, 4)}-${value.slice(4)}` }, name)
}

function money(fields: Fields, name: string): bigint {
  const amount = parseAmount(text(fields, name), currency)
  if (amount === undefined) throw new Error(`${name} is ${JSON.stringify(fields[name])}, which is no amount.`)
  return amount
}
