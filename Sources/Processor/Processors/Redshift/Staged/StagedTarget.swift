import Basics
import Clients
import JSON

/// The location of the objects of one warehouse's staged loads.
///
/// Each of the three prefixes contains the path of the warehouse, so deployments can share a bucket.
package struct StagedTarget: Sendable, Equatable {
    package let bucket: String
    /// `<workgroup or cluster>/<database>/<schema>/`.
    private let path: String

    /// Returns nil if no staging bucket is set.
    package init?(_ settings: RedshiftSettings) {
        guard let staging = settings.staging else { return nil }
        self.init(settings, staging)
    }

    init(_ settings: RedshiftSettings, _ staging: RedshiftSettings.Staging) {
        let names = [settings.warehouse.key, settings.database, settings.schema]
        (bucket, path) = (staging.bucket, names.map { PercentEncoding.encode($0) + "/" }.joined())
    }

    /// Returns the location where a function with these settings stages rows; nil in direct mode, and if settings are missing
    /// or invalid.
    package init?(_ reader: SettingsReader) {
        var reader = reader
        guard let settings = RedshiftSettings(&reader), case .staged(let staging) = settings.load,
            reader.problems.isEmpty
        else { return nil }
        self.init(settings, staging)
    }

    /// The prefix of staged rows.
    package var staged: String { "redshift-staged/" + path }
    /// The prefix of the manifests of unfinished loads.
    package var loads: String { "redshift-loads/" + path }
    /// The prefix of objects that the warehouse rejects.
    package var refused: String { "redshift-refused/" + path }

    /// Returns an object's URL, in the syntax of COPY.
    func url(_ key: String) -> String { "s3://\(bucket)/\(key)" }
}

extension RedshiftSettings.Warehouse {
    /// The name in keys; for a workgroup that is configured by ARN, the ID in the ARN.
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
    /// The definitions of all columns, in the syntax of CREATE TABLE.
    var columnDefinitions: String { columns.map { "\($0.name) \($0.sqlType)" }.joined(separator: ", ") }

    /// The part of an object's key that identifies the columns of its rows: their number, and a hash of names and types.
    package var layout: String {
        "\(columns.count)-" + SHA256.digest(of: Array(columnDefinitions.utf8)).hexadecimal.prefix(8)
    }
}

/// A staged object, which contains rows of one table.
package struct StagedObject: Sendable, Equatable {
    /// The key, which consists of letters, digits and `/_.~%-`.
    package var key: String
    var table: WarehouseTable
    /// The hour of the first record's arrival, as `YYYYMMDDHH`; 0 if it has no arrival.
    var hour: Int
    /// The ETag, with its quotes.
    var etag = ""

    /// Returns whether the object is loaded before `other`: by hour, then by key.
    func precedes(_ other: StagedObject) -> Bool {
        hour == other.hour ? key.utf8.lexicographicallyPrecedes(other.key.utf8) : hour < other.hour
    }
}

extension StagedTarget {
    /// The meaning of a key below ``staged``.
    enum Content: Sendable, Equatable {
        case rows(StagedObject)
        /// A table or a layout that this version does not load.
        case unknown
        /// An object that the function did not write.
        case foreign
    }

    /// Returns the meaning of a key.
    ///
    /// - Parameter layouts: The ``WarehouseTable/layout`` of each table.
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

    /// Returns whether a layout is `own`, or has fewer columns.
    static func isLoadable(_ layout: [UInt8], by own: String) -> Bool {
        func columns(_ layout: some Sequence<UInt8>) -> Int? {
            Int(String(decoding: layout.prefix { (0x30...0x39).contains($0) }.prefix(6), as: UTF8.self))
        }
        if own.utf8.elementsEqual(layout) { return true }
        guard let count = columns(layout), let limit = columns(own.utf8) else { return false }
        return count < limit
    }
}
