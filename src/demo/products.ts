import { addMonths, type Day } from '../core/kernel/calendar.ts'
import { isCurrency } from '../core/kernel/money.ts'
import type { ProductFamily } from '../core/organisation/products.ts'
import { idOfDay, numberBelow } from './draws.ts'
import { insertRows, type Loading } from './loading.ts'

type Category = 'deposit' | 'loan' | 'fee'
type Lifecycle = 'introduction' | 'growth' | 'saturation' | 'decline'

interface Terms {
  readonly category?: Category
  readonly lifecycle?: Lifecycle
  readonly status?: 'closed'
  readonly risk?: number
  readonly months?: number
  readonly currency?: string
  /** What it yields the customer and the bank a year, as fractions. */
  readonly yields?: number
  readonly margin?: number
}

const categoryOf: Readonly<Partial<Record<ProductFamily, Category>>> = { deposit: 'deposit', loan: 'loan' }

/** Code, name, family, terms. */
const products: readonly (readonly [string, string, ProductFamily, Terms])[] = [
  ['CUR-CNY', '活期存款', 'deposit', { lifecycle: 'saturation', risk: 1, currency: 'CNY', yields: 0.0005, margin: 0.018 }],
  ['CUR-CORP', '单位活期存款', 'deposit', { lifecycle: 'saturation', risk: 1, currency: 'CNY', yields: 0.001, margin: 0.017 }],
  ['CALL-7D', '七天通知存款', 'deposit', { lifecycle: 'saturation', risk: 1, currency: 'CNY', yields: 0.0045, margin: 0.012 }],
  [
    'TD-3M',
    '三个月定期存款',
    'deposit',
    { lifecycle: 'saturation', risk: 1, months: 3, currency: 'CNY', yields: 0.0065, margin: 0.011 },
  ],
  [
    'TD-6M',
    '六个月定期存款',
    'deposit',
    { lifecycle: 'saturation', risk: 1, months: 6, currency: 'CNY', yields: 0.0085, margin: 0.0105 },
  ],
  [
    'TD-12M',
    '一年期定期存款',
    'deposit',
    { lifecycle: 'saturation', risk: 1, months: 12, currency: 'CNY', yields: 0.0095, margin: 0.01 },
  ],
  [
    'TD-24M',
    '二年期定期存款',
    'deposit',
    { lifecycle: 'saturation', risk: 1, months: 24, currency: 'CNY', yields: 0.0105, margin: 0.009 },
  ],
  [
    'TD-36M',
    '三年期定期存款',
    'deposit',
    { lifecycle: 'decline', risk: 1, months: 36, currency: 'CNY', yields: 0.0125, margin: 0.007 },
  ],
  [
    'CD-36M',
    '三年期大额存单',
    'deposit',
    { lifecycle: 'growth', risk: 1, months: 36, currency: 'CNY', yields: 0.0155, margin: 0.005 },
  ],
  [
    'TDC-12M',
    '单位一年期定期存款',
    'deposit',
    { lifecycle: 'saturation', risk: 1, months: 12, currency: 'CNY', yields: 0.011, margin: 0.009 },
  ],
  ['CUR-USD', '美元活期存款', 'deposit', { lifecycle: 'growth', risk: 1, currency: 'USD', yields: 0.0005, margin: 0.02 }],
  ['CUR-HKD', '港币活期存款', 'deposit', { lifecycle: 'growth', risk: 1, currency: 'HKD', yields: 0.0005, margin: 0.018 }],
  ['CUR-EUR', '欧元活期存款', 'deposit', { lifecycle: 'growth', risk: 1, currency: 'EUR', yields: 0.0001, margin: 0.015 }],
  [
    'TD-USD-12M',
    '美元一年期定期存款',
    'deposit',
    { lifecycle: 'growth', risk: 1, months: 12, currency: 'USD', yields: 0.028, margin: 0.009 },
  ],
  ['LN-MORT', '个人住房贷款', 'loan', { lifecycle: 'saturation', months: 240, currency: 'CNY', yields: -0.031, margin: 0.012 }],
  ['LN-CONS', '个人消费贷款', 'loan', { lifecycle: 'growth', months: 24, currency: 'CNY', yields: -0.034, margin: 0.021 }],
  ['LN-CAR', '汽车贷款', 'loan', { lifecycle: 'growth', months: 36, currency: 'CNY', yields: -0.036, margin: 0.02 }],
  ['LN-BIZ', '个人经营性贷款', 'loan', { lifecycle: 'growth', months: 12, currency: 'CNY', yields: -0.038, margin: 0.022 }],
  ['LN-WC', '流动资金贷款', 'loan', { lifecycle: 'saturation', months: 12, currency: 'CNY', yields: -0.0355, margin: 0.018 }],
  ['LN-EQ', '设备贷款', 'loan', { lifecycle: 'introduction', months: 36, currency: 'CNY', yields: -0.037, margin: 0.019 }],
  ['WM-CASH', '现金管理类理财', 'wealth', { lifecycle: 'growth', risk: 1, currency: 'CNY', yields: 0.0165, margin: 0.004 }],
  [
    'WM-90D',
    '稳健九十天理财',
    'wealth',
    { lifecycle: 'growth', risk: 2, months: 3, currency: 'CNY', yields: 0.022, margin: 0.006 },
  ],
  [
    'WM-180D',
    '稳健一百八十天理财',
    'wealth',
    { lifecycle: 'growth', risk: 2, months: 6, currency: 'CNY', yields: 0.0245, margin: 0.007 },
  ],
  [
    'WM-365D',
    '进取一年理财',
    'wealth',
    { lifecycle: 'introduction', risk: 3, months: 12, currency: 'CNY', yields: 0.031, margin: 0.009 },
  ],
  [
    'WM-USD-6M',
    '美元六个月理财',
    'wealth',
    { lifecycle: 'growth', risk: 2, months: 6, currency: 'USD', yields: 0.036, margin: 0.008 },
  ],
  ['FD-MONEY', '货币市场基金', 'fund', { lifecycle: 'saturation', risk: 1, currency: 'CNY', yields: 0.0145, margin: 0.003 }],
  ['FD-BOND', '债券基金', 'fund', { lifecycle: 'growth', risk: 2, currency: 'CNY', yields: 0.028, margin: 0.006 }],
  ['FD-MIX', '混合基金', 'fund', { lifecycle: 'growth', risk: 4, currency: 'CNY', yields: 0.05, margin: 0.012 }],
  ['FD-STOCK', '股票基金', 'fund', { lifecycle: 'decline', risk: 5, currency: 'CNY', yields: 0.06, margin: 0.015 }],
  ['IN-LIFE', '终身寿险', 'insurance', { lifecycle: 'growth', risk: 1, currency: 'CNY', yields: 0.025, margin: 0.03 }],
  ['IN-ANN', '养老年金保险', 'insurance', { lifecycle: 'introduction', risk: 1, currency: 'CNY', yields: 0.027, margin: 0.03 }],
  ['IN-SAVE', '两全保险', 'insurance', { lifecycle: 'saturation', risk: 2, currency: 'CNY', yields: 0.023, margin: 0.025 }],
  ['CARD-DEBIT', '借记卡', 'card', { lifecycle: 'saturation', currency: 'CNY' }],
  ['CARD-CREDIT', '信用卡', 'card', { category: 'loan', lifecycle: 'saturation', currency: 'CNY', margin: 0.045 }],
  ['CARD-GOLD', '信用卡金卡', 'card', { category: 'loan', lifecycle: 'growth', currency: 'CNY', margin: 0.05 }],
  ['PAY-SALARY', '代发工资', 'payroll', { lifecycle: 'saturation', currency: 'CNY' }],
  ['PAY-AGENCY', '单位代发业务', 'payroll', { lifecycle: 'growth', currency: 'CNY' }],
  ['COL-BILL', '代收代付', 'collection', { lifecycle: 'saturation', currency: 'CNY' }],
  ['COL-MERCHANT', '商户收单', 'collection', { lifecycle: 'growth', currency: 'CNY' }],
  ['EC-MOBILE', '手机银行', 'e_channel', { lifecycle: 'growth' }],
  ['EC-ONLINE', '网上银行', 'e_channel', { lifecycle: 'saturation' }],
  ['EC-CORP', '企业网上银行', 'e_channel', { lifecycle: 'growth' }],
  ['EC-WECHAT', '微信银行', 'e_channel', { lifecycle: 'introduction' }],
  ['EC-PHONE', '电话银行', 'e_channel', { lifecycle: 'decline' }],
  ['EC-TV', '电视银行', 'e_channel', { lifecycle: 'decline', status: 'closed' }],
  ['SEC-CUSTODY', '第三方存管', 'securities', { lifecycle: 'saturation', risk: 4, currency: 'CNY' }],
  ['GOLD-ACC', '积存金', 'precious_metal', { lifecycle: 'growth', risk: 3, currency: 'CNY', margin: 0.01 }],
  ['SET-CASH', '现金管理服务', 'settlement', { lifecycle: 'growth', currency: 'CNY' }],
  ['BOX', '保管箱', 'other', { lifecycle: 'saturation', currency: 'CNY' }],
]

// About what one unit cost in CNY. A base currency that is missing here counts as one CNY: the demo bank's amounts are made for CNY.
const pricesInCny: Readonly<Record<string, number>> = {
  CNY: 1,
  USD: 7.12,
  HKD: 0.912,
  EUR: 8.2,
  JPY: 0.0472,
  GBP: 9.45,
  CHF: 8.75,
  SGD: 5.5,
  AUD: 4.65,
  CAD: 5.1,
  NZD: 4.1,
  SEK: 0.74,
  NOK: 0.7,
  DKK: 1.1,
  PLN: 1.93,
  CZK: 0.34,
  THB: 0.22,
  MYR: 1.7,
  IDR: 0.00043,
  PHP: 0.123,
  VND: 0.00027,
  INR: 0.081,
  KRW: 0.0051,
  TWD: 0.23,
  MOP: 0.89,
  RUB: 0.088,
  KZT: 0.0135,
  AED: 1.94,
  SAR: 1.9,
  ZAR: 0.41,
  BRL: 1.32,
  MXN: 0.38,
}
const quoted = ['CNY', 'USD', 'HKD', 'EUR', 'JPY', 'GBP']
const months = 30

/** Writes the catalogue of products, of every family. */
export async function loadProducts(loading: Loading): Promise<void> {
  const { draws, today, now } = loading
  const next = draws.generator('product')
  const rows = products.map(([code, name, family, terms], index) => ({
    id: idOfDay(addMonths(today, -120 + 2 * index), next),
    code,
    source: 'core',
    external_id: code,
    name,
    family,
    category: terms.category ?? categoryOf[family] ?? 'fee',
    lifecycle: terms.lifecycle ?? 'growth',
    status: terms.status ?? 'active',
    risk_level: terms.risk ?? null,
    term_months: terms.months ?? null,
    currency: terms.currency ?? null,
    annual_yield: terms.yields ?? null,
    annual_margin: terms.margin ?? null,
    as_of: now,
  }))
  await insertRows(loading, 'product', rows)
}

/** What one unit of a currency costs in the base currency now, before any drift. */
export function priceIn(baseCurrency: string, currency: string): number {
  return (pricesInCny[currency] ?? 1) / (pricesInCny[baseCurrency] ?? 1)
}

/** Writes a rate on the first of each of the last 30 months for USD, HKD, EUR, JPY, GBP, and CNY where the bank adds up in something else. */
export async function loadExchangeRates(loading: Loading): Promise<void> {
  const { draws, today, now, baseCurrency } = loading
  const next = draws.generator('exchange rate')
  const firstOfMonth: Day = `${today.slice(0, 8)}01`
  const rows = quoted
    .filter((currency) => currency !== baseCurrency && isCurrency(currency))
    .flatMap((currency) => {
      let rate = priceIn(baseCurrency, currency)
      // Backwards from what it is now.
      return Array.from({ length: months }, (_, index) => {
        const row = { currency, day: addMonths(firstOfMonth, -index), rate: rate.toFixed(10), source: 'core', as_of: now }
        rate *= 1 + (numberBelow(next, 2001) - 1000) / 100_000
        return row
      })
    })
  await insertRows(loading, 'exchange_rate', rows)
}
