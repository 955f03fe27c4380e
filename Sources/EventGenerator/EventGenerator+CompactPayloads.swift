/// Payloads with required fields only: of ten, two are ticket sales, four concerts, three artists and one a venue.
extension EventGenerator {
    mutating func writeCompactPayload(to payload: inout PythonJSONWriter) -> String {
        let id: String
        payload.openObject()
        switch random.below(10) {
        case 0..<2:
            id = "s\(saleCount)"
            saleCount += 1
            payload.member("sale_id", id)
            payload.member("concert_id", "c\(random.below(Catalogue.concertCount))")
            payload.member("price_tier", random.pick(["vip", "general"]))
            payload.member("quantity", random.within(1...8))
            payload.member("unit_price", FixedPoint(cents: random.within(2000...19_999)))
            payload.member("purchase_timestamp", now.date)
        case 2..<6:
            id = "c\(random.below(Catalogue.concertCount))"
            payload.member("event_id", id)
            payload.member("event_date", (now + Int64(random.within(1...300)) * Moment.day).date)
        case 6..<9:
            let number = random.below(Catalogue.artistCount)
            id = "a\(number)"
            payload.member("artist_id", id)
            payload.member("name", Words.shortNames[number % Words.shortNames.count])
        default:
            let number = random.below(Catalogue.venueCount)
            let city = City.all[number % City.all.count]
            id = "v\(number)"
            payload.member("venue_id", id)
            payload.member("name", Words.halls[number % Words.halls.count])
            payload.member("city", city.name)
            payload.member("country", city.country)
        }
        payload.closeObject()
        return id
    }
}
