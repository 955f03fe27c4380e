/// The parts of names, with several scripts, an emoji, quotes and a backslash, as in real data.
enum Words {
    static let shortNames = [
        "Calexico", "Zoë", "Ólöf", "Mogwai", "Nena", "Pulp", "Ümlaut", "Lamb", "Air", "Moloko", "Low", "Suede", "Can",
    ]
    static let nameStarts = [
        "The Velvet", "Hermanos", "Søren", "Ägirs", "Françoise", "Midnight", "Paper", "Żółte", "Golden", "Les", "Big",
        "Северный", "夜の", "조용한", "Ελληνικό", "🎸 Loud", "DJ", "Quiet", "Santa", "Noche de",
    ]
    static let nameEnds = [
        "Lanterns", "Perdidos", "Kierkegaard", "Döttrar", "Lumière", "Swimmers", "Tigre", "Kwiaty", "Hour", "Inconnus",
        "Экспресс", "電車", "바다", "Φως", "🤘", "\"Slim\" Carter", "Back\\Slash", "& Sons", "Radio", "Cumbia Club",
    ]
    static let people = ["Aino", "José", "Marlene", "Łukasz", "Noor", "Chloé", "Kenji", "Ingrid", "Tomás", "Zoë"]
    static let genres = [
        "indie rock", "Art Pop", "latin", "hip hop", "k-pop", "shoegaze", "chanson", "deep house", "cumbia", "R&B",
        "post-punk", "jazz", "Neue Deutsche Welle", "música popular", "EDM",
    ]
    static let halls = ["Palladium", "Fillmore", "Olympia", "Tivoli", "Roxy", "Forum", "Apollo", "Trianon"]
    static let venueTypes = ["arena", "stadium", "theater", "club", "amphitheater", "hall", "other"]
    static let amenities = ["parking", "bar", "accessible seating", "coat check", "vip lounge", "food court"]
    static let streets = ["Main Street", "Rue de la Paix", "Hauptstraße", "Av. Errázuriz", "Calle 8", "Nørregade"]
    static let information = [
        "Doors open at 7 pm.\nNo \"re-entry\"; bags up to A4 only.",
        "All ages welcome.\nUnder 14s with an adult.\n\nCards only – no cash.",
        "Support: \"tba\".\nThe show was moved from the Small Hall; tickets stay valid.",
        "Einlass ab 19 Uhr.\nKeine Kameras größer als 10 cm.",
    ]
    static let genreCodes = [("KnvZfZ7vAeA", "Rock"), ("KnvZfZ7vAev", "Pop"), ("KnvZfZ7vAv1", "Hip-Hop/Rap")]
    static let paymentMethods = ["credit_card", "paypal", "apple_pay", "bank_transfer", "cash", "gift_card"]
    static let segments = ["regular", "premium", "student", "first_time", "corporate"]
}

/// A city with one or more venues.
struct City: Sendable {
    var name: String
    var state: String?
    var country: String
    var postalCode: String
    /// The latitude in ten-thousandths of a degree.
    var latitude: Int
    var longitude: Int
    var timeZone: String

    static let all = [
        City("Austin", "TX", "US", "78701", 302_672, -977_431, "America/Chicago"),
        City("New York", "NY", "US", "10001", 407_128, -740_060, "America/New_York"),
        City("Montréal", "QC", "CA", "H2X 1Y4", 455_017, -735_673, "America/Toronto"),
        City("São Paulo", "SP", "BR", "01310-100", -235_505, -466_333, "America/Sao_Paulo"),
        City("Valparaíso", "VS", "CL", "2340000", -330_472, -716_127, "America/Santiago"),
        City("Zürich", "ZH", "CH", "8001", 473_769, 85_417, "Europe/Zurich"),
        City("Łódź", nil, "PL", "90-001", 517_592, 194_560, "Europe/Warsaw"),
        City("Reykjavík", nil, "IS", "101", 641_466, -219_426, "Atlantic/Reykjavik"),
        City("Paris", nil, "FR", "75009", 488_566, 23_522, "Europe/Paris"),
        City("東京", nil, "JP", "150-0042", 356_762, 1_396_503, "Asia/Tokyo"),
        City("Sydney", "NSW", "AU", "2000", -338_688, 1_512_093, "Australia/Sydney"),
    ]

    private init(
        _ name: String, _ state: String?, _ country: String, _ postalCode: String, _ latitude: Int, _ longitude: Int,
        _ timeZone: String
    ) {
        (self.name, self.state, self.country, self.postalCode) = (name, state, country, postalCode)
        (self.latitude, self.longitude, self.timeZone) = (latitude, longitude, timeZone)
    }
}
