import Clients
import JSON

/// Where staged loads of one warehouse have their objects.
///
/// Each of the three prefixes has the warehouse's own path in it, so deployments can share a bucket.
public struct StagedTarget: Sendable, Equatable {
    public let bucket: String
    /// `<workgroup or cluster>/<database>/<schema>/`.
    private let path: String

    /// Nil without a staging bucket.
    public init?(_ settings: RedshiftSettings) {
        guard let staging = settings.staging else { return nil }
        self.init(settings, staging)
    }

    init(_ settings: RedshiftSettings, _ staging: RedshiftSettings.Staging) {
        let names = [settings.warehouse.key, settings.database, settings.schema]
        (bucket, path) = (staging.bucket, names.map { PercentEncoding.encode($0) + "/" }.joined())
    }

    /// Where a function with these settings stages rows; nil in direct mode, and where settings are missing or invalid.
    package init?(_ reader: SettingsReader) {
        var reader = reader
        guard let settings = RedshiftSettings(&reader), case .staged(let staging) = settings.load,
            reader.problems.isEmpty
        else { return nil }
        self.init(settings, staging)
    }

    /// Where the function puts rows.
    public var staged: String { "redshift-staged/" + path }
    /// Where a load's manifests are while it is not finished.
    public var loads: String { "redshift-loads/" + path }
    /// Where objects go that the warehouse rejects.
    public var refused: String { "redshift-refused/" + path }

    /// An object's URL, as COPY reads it.
    func url(_ key: String) -> String { "s3://\(bucket)/\(key)" }
}

extension RedshiftSettings.Warehouse {
    /// The name in keys: of a workgroup that is given by its ARN, the ID in it.
    fileprivate var key: String {
        switch self {
        case .cluster(let name): name
        case .workgroup(let name):
            ARN(name)?.resource.utf8.split(separator: UInt8(ascii: "/")).last
                .map { String(decoding: $0, as: UTF8.self) } ?? name
        }
    }
}

extension WarehouseTable {
    /// `name TYPE` of all columns, as CREATE TABLE has them.
    var columnDefinitions: String { columns.map { "\($0.name) \($0.sqlType)" }.joined(separator: ", ") }

    /// The part of an object's key that names the columns of its rows: their number, and a hash of their names and types.
    package var layout: String {
        "\(columns.count)-" + SHA256.digest(of: Array(columnDefinitions.utf8)).hexadecimal.prefix(8)
    }
}

/// An object with rows of one table.
package struct StagedObject: Sendable, Equatable {
    /// Of letters, digits and `/_.~%-` only.
    package var key: String
    var table: WarehouseTable
    /// The hour of its first record's arrival as `YYYYMMDDHH`, 0 without one.
    var hour: Int
    /// With its quotes.
    var etag = ""

    /// Whether it is loaded before `other`: the older hour first, then by key.
    func precedes(_ other: StagedObject) -> Bool {
        hour == other.hour ? key.utf8.lexicographicallyPrecedes(other.key.utf8) : hour < other.hour
    }
}

extension StagedTarget {
    /// What a key below ``staged`` names.
    enum Content: Sendable, Equatable {
        case rows(StagedObject)
        /// A table or a layout that this version does not load.
        case unknown
        /// Nothing that the function writes.
        case foreign
    }

    /// - Parameter layouts: Of all tables, as ``WarehouseTable/layout`` has them.
    func content(of key: String, layouts: [WarehouseTable: String]) -> Content {
        guard key.utf8.starts(with: staged.utf8), key.utf8.count <= 1024,
            key.utf8.allSatisfy({ BucketName.isLetterOrDigit($0) || "/_.~%-".utf8.contains($0) })
        else { return .foreign }
        let parts = key.utf8.dropFirst(staged.utf8.count).split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 7, parts[6].suffix(10).elementsEqual(".ndjson.gz".utf8),
            parts[2...5].map(\.count) == [4, 2, 2, 2], parts[2...5].joined().allSatisfy({ (0x30...0x39).contains($0) })
        else { return .foreign }
        guard let table = EntityCatalog.builtIn.table(named: parts[0]), let own = layouts[table],
            Self.isLoadable(Array(parts[1]), by: own)
        else { return .unknown }
        let hour = parts[2...5].joined().reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return .rows(StagedObject(key: key, table: table, hour: hour))
    }

    /// Whether a layout is `own`, or one with fewer columns.
    static func isLoadable(_ layout: [UInt8], by own: String) -> Bool {
        func columns(_ layout: some Sequence<UInt8>) -> Int? {
            Int(String(decoding: layout.prefix { (0x30...0x39).contains($0) }.prefix(6), as: UTF8.self))
        }
        if own.utf8.elementsEqual(layout) { return true }
        guard let count = columns(layout), let limit = columns(own.utf8) else { return false }
        return count < limit
    }
}
