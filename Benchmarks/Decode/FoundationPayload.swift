import Foundation

/// The event as Foundation decodes it: the same members of event and record, without validation of values.
struct FoundationEvent: Decodable {
    struct Record: Decodable {
        struct Kinesis: Decodable {
            var data: Data
            var sequenceNumber: String
            var partitionKey: String
            var approximateArrivalTimestamp: Double
        }

        var kinesis: Kinesis
    }

    enum CodingKeys: String, CodingKey { case records = "Records" }

    var records: [Record]
}

/// A payload of each format and type as Foundation decodes it, into the same fields, without validation; times stay
/// texts.
enum FoundationPayload: Decodable {
    case artist(Artist), concert(Concert), venue(Venue), sale(Sale)

    private enum Keys: String, CodingKey {
        case data, payload, kind = "data_type", artist = "artist_id", concert = "concert_id", event = "event_id"
        case venue = "venue_id", sale = "sale_id"
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Keys.self)
        for key in [Keys.data, .payload] where members.contains(key) {
            self = try members.decode(FoundationPayload.self, forKey: key)
            return
        }
        switch try members.decodeIfPresent(String.self, forKey: .kind) {
        case "artist", "artists": self = .artist(try Artist(from: decoder))
        case "concert", "concerts": self = .concert(try Concert(from: decoder))
        case "venue", "venues": self = .venue(try Venue(from: decoder))
        case "ticket_sale", "ticket_sales": self = .sale(try Sale(from: decoder))
        default:
            if members.contains(.sale) {
                self = .sale(try Sale(from: decoder))
            } else if members.contains(.concert) || members.contains(.event) {
                self = .concert(try Concert(from: decoder))
            } else if members.contains(.artist) {
                self = .artist(try Artist(from: decoder))
            } else {
                self = .venue(try Venue(from: decoder))
            }
        }
    }
}

extension FoundationPayload {
    struct Artist: Decodable {
        enum CodingKeys: String, CodingKey {
            case id = "artist_id", name, genre, popularity = "popularity_score", formation = "formation_date", members
            case spotify = "spotify_id", source, ingestion = "ingestion_timestamp"
            case raw = "raw_data"
        }

        var id: String
        var name: String
        var genre: List?
        var popularity: Number?
        var formation: String?
        var members: List?
        var spotify: String?
        var source: String?
        var ingestion: String?
        var raw: Raw?
    }

    struct Concert: Decodable {
        enum CodingKeys: String, CodingKey {
            case id = "concert_id", event = "event_id", artist = "artist_id", venue = "venue_id", name
            case date = "event_date", prices = "ticket_prices", attendance = "total_attendance", revenue, status
            case ticketmaster = "ticketmaster_id", source, ingestion = "ingestion_timestamp"
            case raw = "raw_data"
        }

        var id: String?
        var event: String?
        var artist: String?
        var venue: String?
        var name: String?
        var date: String?
        var prices: Prices?
        var attendance: Number?
        var revenue: Number?
        var status: String?
        var ticketmaster: String?
        var source: String?
        var ingestion: String?
        var raw: Raw?
    }

    struct Venue: Decodable {
        struct Location: Decodable {
            enum CodingKeys: String, CodingKey {
                case address, city, state, country, postalCode = "postal_code", latitude, longitude
            }

            var address: String?
            var city: String?
            var state: String?
            var country: String?
            var postalCode: String?
            var latitude: Number?
            var longitude: Number?
        }

        enum CodingKeys: String, CodingKey {
            case id = "venue_id", name, location, capacity, type = "venue_type", amenities, source
            case ticketmaster = "ticketmaster_id", ingestion = "ingestion_timestamp"
            case raw = "raw_data"
        }

        var id: String
        var name: String
        var location: Location?
        var capacity: Number?
        var type: String?
        var amenities: List?
        var ticketmaster: String?
        var source: String?
        var ingestion: String?
        var raw: Raw?
    }

    struct Sale: Decodable {
        enum CodingKeys: String, CodingKey {
            case id = "sale_id", concert = "concert_id", customer = "customer_id", tier = "price_tier"
            case ticketTier = "ticket_tier", quantity, price = "unit_price", amount = "total_amount"
            case total = "total_price", purchase = "purchase_timestamp", payment = "payment_method"
            case segment = "customer_segment", source, ingestion = "ingestion_timestamp"
        }

        var id: String
        var concert: String
        var customer: String?
        var tier: String?
        var ticketTier: String?
        var quantity: Number?
        var price: Number?
        var amount: Number?
        var total: Number?
        var purchase: String?
        var payment: String?
        var segment: String?
        var source: String?
        var ingestion: String?
    }

    /// The provider's data, of which a few members are used.
    struct Raw: Decodable {
        var name: String?
        var url: String?
        var followers: Followers?
    }

    /// A number, or an object that contains it.
    struct Followers: Decodable {
        private enum Keys: CodingKey { case total }

        var total: Number?

        init(from decoder: any Decoder) throws {
            if let number = try? Number(from: decoder) {
                total = number
            } else {
                total = try decoder.container(keyedBy: Keys.self).decodeIfPresent(Number.self, forKey: .total)
            }
        }
    }

    /// A number, or its digits as text, as in uploads.
    struct Number: Decodable {
        var value: Double?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) {
                value = number
            } else {
                value = Double(try container.decode(String.self))
            }
        }
    }

    /// A list, or one text with separating bars.
    struct List: Decodable {
        var items: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let items = try? container.decode([String].self) {
                self.items = items
            } else {
                items = try container.decode(String.self).split(separator: "|").map(String.init)
            }
        }
    }

    /// Prices by tier, or one text such as `general:49.5|vip:120`.
    struct Prices: Decodable {
        var byTier: [String: Double]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let prices = try? container.decode([String: Number].self) {
                byTier = prices.compactMapValues(\.value)
            } else {
                let pairs = try container.decode(String.self).split(separator: "|").compactMap {
                    pair -> (String, Double)? in
                    let parts = pair.split(separator: ":")
                    return parts.count == 2 ? Double(parts[1]).map { (String(parts[0]), $0) } : nil
                }
                byTier = Dictionary(pairs) { $1 }
            }
        }
    }
}
