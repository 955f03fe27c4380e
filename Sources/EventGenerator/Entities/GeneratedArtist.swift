import Basics

/// An artist in the format of Spotify's API.
struct GeneratedArtist: Entity {
    static let dataTypes = ["artists", "artists", "artists", "artist"]

    let spotifyID: String
    let name: String
    let source = "spotify"
    let uploadShare = 10
    private let genres: [String]
    private let popularity: Int
    private let followers: Int
    private let image: String
    private let formation: Moment
    private let members: [String]

    init(random: SplitMix64) {
        var random = random
        spotifyID = random.text(22, of: Alphabet.base62)
        name = random.pick(Words.nameStarts) + " " + random.pick(Words.nameEnds)
        genres = random.some(of: Words.genres, upTo: 3)
        popularity = random.within(0...100)
        followers = random.within(100...999) * random.pick([1, 10, 100, 1000, 10_000, 100_000])
        image = random.text(24, of: Alphabet.hexadecimal)
        formation = Moment(microseconds: Int64(random.below(18_000)) * Moment.day)
        members = random.some(of: Words.people, upTo: 4)
    }

    var id: String { "spotify_" + spotifyID }

    func writeFields(to payload: inout PythonJSONWriter, at time: Moment, random: inout SplitMix64) {
        let popularity = min(100, max(0, popularity + random.within(-3...3)))
        payload.member("artist_id", id)
        payload.member("name", name)
        payload.member("genre", genres)
        payload.member("popularity_score", FixedPoint(popularity, decimalPlaces: 0))
        payload.member("formation_date", payload.isUpload ? formation.date : nil)
        payload.member("members", payload.isUpload ? members : [])
        payload.member("spotify_id", spotifyID)
        payload.member("created_at", time.isoformat())
        guard !payload.isUpload else { return }
        let followers = followers + random.below(followers / 50 + 1)
        let isPlain = random.chance(30)
        payload.member("raw_data") { raw in
            raw.member("external_urls") { $0.member("spotify", "https://open.spotify.com/artist/\(spotifyID)") }
            if isPlain {
                raw.member("followers", followers)
            } else {
                raw.member("followers") { object in
                    object.member("href", String?.none)
                    object.member("total", followers)
                }
            }
            raw.member("genres", genres)
            raw.member("href", "https://api.spotify.com/v1/artists/\(spotifyID)")
            raw.member("id", spotifyID)
            raw.key("images")
            raw.openArray()
            for (pixels, prefix) in [(640, "ab6761610000e5eb"), (320, "ab67616100005174"), (160, "ab6761610000f178")] {
                raw.openObject()
                raw.member("url", "https://i.scdn.co/image/\(prefix)\(image)")
                raw.member("height", pixels)
                raw.member("width", pixels)
                raw.closeObject()
            }
            raw.closeArray()
            raw.member("name", name)
            raw.member("popularity", popularity)
            raw.member("type", "artist")
            raw.member("uri", "spotify:artist:\(spotifyID)")
        }
    }
}

extension SplitMix64 {
    /// Returns up to `limit` consecutive elements of `choices`, so that none is repeated.
    mutating func some(of choices: [String], upTo limit: Int) -> [String] {
        let (start, count) = (below(choices.count), within(0...limit))
        return (start..<start + count).map { choices[$0 % choices.count] }
    }
}
