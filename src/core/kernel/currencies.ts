// ISO 4217 list one as in force on 1 January 2026 (BGN, ANG and ZWL are gone; XCG, XAD and ZWG are in), by decimals of the minor unit.
// Codes without a minor unit are left out: metals such as XAU, bond-market units, XDR, XSU, XUA, XTS, XXX.
const rows = {
  0: ['BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  2: [
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU',
    'CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES',
    'KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR',
    'NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP',
    'TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG',
  ],
  3: ['BHD IQD JOD KWD LYD OMR TND'],
  4: ['CLF UYW'],
} as const

type Exponent = keyof typeof rows
type Words<Row extends string> = Row extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : Row

/** An active ISO 4217 code that has a minor unit. */
export type CurrencyCode = Words<(typeof rows)[Exponent][number]>

const exponents: ReadonlyMap<string, Exponent> = new Map(
  ([0, 2, 3, 4] as const).flatMap((exponent) =>
    rows[exponent].flatMap((row) => row.split(' ').map((code) => [code, exponent] as const)),
  ),
)

/** Every currency the service keeps amounts in, in alphabetical order. */
export const currencyCodes = [...exponents.keys()].sort() as readonly CurrencyCode[]

/** Tells whether a text is an active ISO 4217 code with a minor unit; upper case only. */
export function isCurrency(text: string): text is CurrencyCode {
  return exponents.has(text)
}

/** Decimals of a currency's minor unit: 0, 2, 3 or 4 (ISO 4217). */
export function currencyExponent(currency: CurrencyCode): Exponent {
  return exponents.get(currency) as Exponent
}
