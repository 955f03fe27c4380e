/// The artists, venues, concerts and sales there are: everything about one that does not change follows from its number.
struct Catalogue: Sendable {
    static let artistCount = 400
    static let venueCount = 120
    static let concertCount = 1200

    /// What random numbers are for; each use has its own sequence, so that none disturbs another.
    enum Use: UInt64, Sendable { case payloads, positions, sales, artist, venue, concert, ticketSale }

    private let seed: UInt64
    /// What sales are numbered from, so that two seeds seldom mean two sales by one ID.
    private var firstSale = 0

    init(seed: UInt64) {
        self.seed = seed
        var random = random(for: .sales)
        firstSale = random.below(900) * 100_000
    }

    /// - Parameter number: Which of the things so used.
    func random(for use: Use, number: Int = 0) -> SplitMix64 {
        // Mixed once more, since neighbouring seeds give sequences that overlap.
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

/// One artist, venue, concert or sale: says of itself what its producer would.
protocol Entity: Sendable {
    /// What producers call the kind.
    static var dataTypes: [String] { get }

    var id: String { get }
    /// Where it comes from when it does not come from an uploaded file.
    var source: String { get }
    /// How many of its versions come from uploaded files, in percent.
    var uploadShare: Int { get }

    /// Writes one version of the entity; `random` decides what changes from version to version.
    func writeFields(to payload: inout PythonJSONWriter, at time: Moment, random: inout SplitMix64)
}
