/// A day of the proleptic Gregorian calendar.
///
/// The calculation starts years in March, so that the leap day is the last day of a year.
///
/// Source: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>
package struct GregorianDate: Sendable {
    package let year: Int
    package let month: Int
    package let day: Int

    /// - Parameter days: The number of days since 1970-01-01; negative before it.
    package init(daysSinceEpoch days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}
