import { insert, type Loading } from './loading.ts'

const occupations = ['教师', '医生', '工程师', '公务员', '会计', '司机', '销售', '厨师', '护士', '个体经营', '退休', '自由职业']
// ISO 18245: groceries, restaurants, clothing, medicine, hardware, fuel.
const merchantCodes = ['5411', '5812', '5651', '5912', '5251', '5541']

const textArray = (texts: readonly string[]): string => `array[${texts.map((text) => `'${text}'`).join(', ')}]`

/** Writes what core banking knows of people beyond their records, of three in ten, and of every business: as if it had come with the records. */
export async function loadProfiles(loading: Loading): Promise<void> {
  const { draws, baseCurrency, now } = loading
  const unit = (purpose: string): string => draws.unit('c.n', purpose)
  const one = (texts: readonly string[], purpose: string): string =>
    `(${textArray(texts)})[1 + floor(${unit(purpose)} * ${texts.length})::int]`
  await insert(
    loading,
    `insert into customer_profile (customer_id, institution_path, occupation, income_band, company_size, registered_capital, registered_capital_currency, merchant_since,
      merchant_category_code, updated_at)
    select c.id, c.path, case when c.person then ${one(occupations, 'occupation')} end,
      case when c.person then (array['low', 'lower_middle', 'middle', 'upper_middle', 'high', 'very_high'])[width_bucket(c.z, array[-0.8, 0, 0.9, 1.7, 2.4]::float8[]) + 1] end,
      case when c.business then (array['micro', 'small', 'medium', 'large'])[width_bucket(c.z, array[0.2, 1.2, 2.2]::float8[]) + 1] end,
      case when c.kind = 'company' then round(exp(c.z))::bigint * 50000000 + 10000000 end, case when c.kind = 'company' then $2 end,
      case when c.merchant then c.begun end, case when c.merchant then ${one(merchantCodes, 'merchant code')} end, $1
    from (
      select c.*, c.kind <> 'company' as person, c.kind <> 'individual' as business, c.kind <> 'individual' and ${unit('merchant')} < 0.4 as merchant
      from demo_customer c where c.kind <> 'individual' or ${unit('profile')} < 0.3 offset 0
    ) c`,
    [now, baseCurrency],
  )
}
