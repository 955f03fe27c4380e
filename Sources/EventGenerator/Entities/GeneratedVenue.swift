/// A venue in the format of Ticketmaster's API.
struct GeneratedVenue: Entity {
    static let dataTypes = ["venues", "venues", "venues", "venue"]

    let name: String
    let city: City
    let capacity: Int
    let source = "ticketmaster"
    let uploadShare = 20
    private let ticketmasterID: String
    private let address: String
    private let latitude: FixedPoint
    private let longitude: FixedPoint
    private let type: String
    private let amenities: [String]

    init(random: SplitMix64) {
        var random = random
        ticketmasterID = "KovZ" + random.text(7, of: Alphabet.base62)
        city = random.pick(City.all)
        name = random.pick(Words.halls) + (random.chance(40) ? ", " + city.name : "")
        capacity = random.within(4...1200) * 50
        address = "\(random.within(1...1999)) \(random.pick(Words.streets))"
        latitude = FixedPoint(city.latitude + random.within(-900...900), decimalPlaces: 4)
        longitude = FixedPoint(city.longitude + random.within(-900...900), decimalPlaces: 4)
        type = random.pick(Words.venueTypes)
        amenities = random.some(of: Words.amenities, upTo: 4)
    }

    var id: String { "tm_" + ticketmasterID }

    func writeFields(to payload: inout PythonJSONWriter, at time: Moment, random: inout SplitMix64) {
        payload.member("venue_id", id)
        payload.member("name", name)
        if payload.isUpload {
            writeLocation(to: &payload)
        } else {
            payload.member("location", object: writeLocation)
        }
        payload.member("capacity", random.chance(10) ? nil : capacity)
        payload.member("venue_type", payload.isUpload ? type.uppercased() : type)
        payload.member("amenities", amenities)
        payload.member("ticketmaster_id", ticketmasterID)
        payload.member("created_at", time.isoformat())
        guard !payload.isUpload else { return }
        let upcoming = random.below(80)
        payload.member("raw_data") { raw in
            raw.member("name", name)
            raw.member("type", "venue")
            raw.member("id", ticketmasterID)
            raw.member("test", false)
            raw.member("url", String?.none)
            raw.member("postalCode", city.postalCode)
            raw.member("timezone", city.timeZone)
            raw.member("city") { $0.member("name", city.name) }
            raw.member("country") { $0.member("countryCode", city.country) }
            raw.member("location") { location in
                location.member("longitude", longitude.description)
                location.member("latitude", latitude.description)
            }
            raw.member("upcomingEvents") { events in
                events.member("ticketmaster", upcoming)
                events.member("_total", upcoming)
                events.member("_filtered", 0)
            }
        }
    }

    private func writeLocation(to payload: inout PythonJSONWriter) {
        payload.member("address", address)
        payload.member("city", city.name)
        payload.member("state", city.state)
        payload.member("country", city.country)
        payload.member("postal_code", city.postalCode)
        payload.member("latitude", latitude)
        payload.member("longitude", longitude)
    }
}
