/// Who plays.
public struct Artist: Sendable, Hashable {
    public var artistID: Text
    /// 1 to 200 Unicode scalars.
    public var name: Text
    /// Lower-cased.
    public var genres: TextList?
    /// 0 to 100; 0 where the producer gave none.
    public var popularityScore: Number
    public var formationDate: CalendarDate?
    public var members: TextList?
    public var spotifyID: Text?
    public var followers: Int64?
    public var source: Text?
    public var ingestionTimestamp: Timestamp?
}
