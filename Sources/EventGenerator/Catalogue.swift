/// The artists, venues, concerts and sales; the constant data of each is derived from its number.
struct Catalogue: Sendable {
    static let artistCount = 400
    static let venueCount = 120
    static let concertCount = 1200

    /// The purpose of random numbers; each has its own independent sequence.
    enum Use: UInt64, Sendable { case payloads, positions, sales, artist, venue, concert, ticketSale }

    private let seed: UInt64
    /// The first number of sales, chosen so that two seeds rarely produce two sales with the same ID.
    private var firstSale = 0

    init(seed: UInt64) {
        self.seed = seed
        var random = random(for: .sales)
        firstSale = random.below(900) * 100_000
    }

    /// Returns the random numbers for a purpose.
    ///
    /// - Parameter number: The number of the artist, venue, concert or sale.
    func random(for use: Use, number: Int = 0) -> SplitMix64 {
        // Mixed again, because adjacent seeds produce overlapping sequences.
        var root = SplitMix64(seed: seed)
        var branch = SplitMix64(seed: root.next() ^ (use.rawValue << 48) ^ UInt64(number))
        return SplitMix64(seed: branch.next())
    }

    func artist(_ number: Int) -> GeneratedArtist { GeneratedArtist(random: random(for: .artist, number: number)) }

    func venue(_ number: Int) -> GeneratedVenue { GeneratedVenue(random: random(for: .venue, number: number)) }

    func concert(_ number: Int) -> GeneratedConcert {
        var random = random(for: .concert, number: number)
        let artist = artist(random.below(Self.artistCount))
        return GeneratedConcert(artist: artist, venue: venue(random.below(Self.venueCount)), random: random)
    }

    func ticketSale(_ number: Int) -> GeneratedTicketSale {
        var random = random(for: .ticketSale, number: number)
        let concert = concert(random.below(Self.concertCount))
        return GeneratedTicketSale(number: firstSale + number, concert: concert, random: random)
    }
}

/// An artist, a venue, a concert or a sale as its producer describes it.
protocol Entity: Sendable {
    /// The producers' names of the type.
    static var dataTypes: [String] { get }

    var id: String { get }
    /// The source of a record that is not from an uploaded file.
    var source: String { get }
    /// The percentage of records that are from uploaded files.
    var uploadShare: Int { get }

    /// Writes one version of the entity; `random` determines what changes between versions.
    func writeFields(to payload: inout PythonJSONWriter, at time: Moment, random: inout SplitMix64)
}
