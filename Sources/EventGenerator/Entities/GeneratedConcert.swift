import Basics

/// A concert in the format of Ticketmaster's API.
struct GeneratedConcert: Entity {
    static let dataTypes = ["concerts", "concerts", "events", "event"]

    /// The price tiers, in cents.
    let tiers: [(name: String, cents: Int)]
    let source = "ticketmaster"
    let uploadShare = 10
    private let ticketmasterID: String
    private let artist: GeneratedArtist
    private let venue: GeneratedVenue
    private let date: Moment
    private let information: String
    private let genre: (id: String, name: String)
    private let image: String

    init(artist: GeneratedArtist, venue: GeneratedVenue, random: SplitMix64) {
        var random = random
        (self.artist, self.venue) = (artist, venue)
        ticketmasterID = "Z7r9jZ1A7" + random.text(7, of: Alphabet.base62)
        // From August 2026, between 18:00 and 21:00.
        let day = Moment(microseconds: 1_785_542_400 * Moment.second) + Int64(random.below(365)) * Moment.day
        date = day + Int64(random.within(18...21)) * Moment.hour
        let price = random.within(1500...19_900)
        tiers = [("general", price), ("premium", price * 9 / 5), ("vip", price * 5 / 2)]
        information = random.pick(Words.information)
        genre = random.pick(Words.genreCodes)
        image = random.text(8, of: Alphabet.hexadecimal)
    }

    var id: String { "tm_" + ticketmasterID }
    private var name: String { "\(artist.name) – Live in \(venue.city.name)" }
    private var url: String { "https://www.ticketmaster.com/event/" + ticketmasterID }

    func writeFields(to payload: inout PythonJSONWriter, at time: Moment, random: inout SplitMix64) {
        let version = Version(of: date, at: time, random: &random)
        payload.member(random.chance(70) ? "concert_id" : "event_id", id)
        payload.member("artist_id", random.chance(4) ? nil : artist.id)
        payload.member("venue_id", random.chance(3) ? nil : venue.id)
        if payload.isUpload {
            payload.member("name", name)
            payload.member("event_date", version.date.isoformat(separator: UInt8(ascii: " ")))
        } else {
            payload.member("event_date", version.date.isoformat(offset: random.pick(["", "+00:00", "Z"])))
        }
        writeTicketPrices(to: &payload, random: &random)
        let attendance = version.status == "completed" ? venue.capacity * random.within(40...100) / 100 : nil
        payload.member("total_attendance", attendance)
        payload.member("revenue", attendance.map { FixedPoint(cents: $0 * tiers[0].cents) })
        payload.member("status", payload.isUpload ? version.status.uppercased() : version.status)
        payload.member("ticketmaster_id", ticketmasterID)
        payload.member("created_at", time.isoformat())
        if !payload.isUpload { writeRawData(of: version, to: &payload) }
    }

    private func writeTicketPrices(to payload: inout PythonJSONWriter, random: inout SplitMix64) {
        if random.chance(5) {
            payload.member("ticket_prices", String?.none)
        } else if payload.isUpload {
            payload.member("ticket_prices", tiers.map { "\($0.name):\(FixedPoint(cents: $0.cents))" })
        } else {
            payload.member("ticket_prices") { prices in
                for tier in tiers { prices.member(tier.name, FixedPoint(cents: tier.cents)) }
            }
        }
    }

    private func writeRawData(of version: Version, to payload: inout PythonJSONWriter) {
        payload.member("raw_data") { raw in
            raw.member("name", name)
            raw.member("type", "event")
            raw.member("id", ticketmasterID)
            raw.member("test", false)
            raw.member("url", url)
            raw.member("locale", "en-us")
            raw.key("images")
            raw.openArray()
            raw.openObject()
            raw.member("ratio", "16_9")
            raw.member("url", "https://s1.ticketm.net/dam/a/002/\(image)_RETINA_PORTRAIT_16_9.jpg")
            raw.member("width", 640)
            raw.member("height", 360)
            raw.member("fallback", false)
            raw.closeObject()
            raw.closeArray()
            raw.member("dates") { dates in
                dates.member("start") { start in
                    start.member("localDate", version.date.date)
                    start.member("noSpecificTime", false)
                }
                dates.member("status") { $0.member("code", version.status == "scheduled" ? "onsale" : version.status) }
            }
            raw.key("classifications")
            raw.openArray()
            raw.openObject()
            raw.member("primary", true)
            raw.member("segment") { segment in
                segment.member("id", "KZFzniwnSyZfZ7v7nJ")
                segment.member("name", "Music")
            }
            raw.member("genre") { object in
                object.member("id", genre.id)
                object.member("name", genre.name)
            }
            raw.member("subGenre", String?.none)
            raw.closeObject()
            raw.closeArray()
            raw.member("info", information)
            raw.member("pleaseNote", String?.none)
        }
    }
}

/// The data of a concert that changes between versions.
private struct Version: Sendable {
    var status = "scheduled"
    var date: Moment

    /// - Parameter time: The present time; concerts before it have ended.
    init(of date: Moment, at time: Moment, random: inout SplitMix64) {
        self.date = date
        guard date.microseconds > time.microseconds else {
            status = "completed"
            return
        }
        switch random.below(100) {
        case 0..<5: status = "cancelled"
        case 5..<10: status = "postponed"
        case 10..<14: self.date = date + Int64(random.within(7...60)) * Moment.day
        default: break
        }
    }
}
