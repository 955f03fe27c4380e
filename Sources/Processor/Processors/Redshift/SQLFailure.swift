import JSON

/// What a definite failure of a statement means, read from its text: the Data API returns no code.
///
/// Values of records can occur in a text, so only its beginning decides what it is about.
public enum SQLFailure: Sendable, Equatable {
    /// Another transaction interfered; the same one can succeed later.
    case conflict
    /// A value does not fit in its column.
    case data
    /// Anything else, such as missing permissions, a missing table, a full disk, and texts that are not known.
    case other

    public init(_ text: String) {
        let text = FailureText(text)
        if text.isAboutData {
            self = .data
        } else if Self.conflicts.contains(where: text.contains) {
            self = .conflict
        } else {
            self = .other
        }
    }

    private static let conflicts = [
        "1023", "serializable isolation violation", "conflict with concurrent transaction", "deadlock detected",
        "could not serialize access",
    ]

    /// What an operator can do about a failure; nil where the text does not tell.
    public static func advice(on text: String) -> String? {
        let text = FailureText(text)
        if text.isForeignColumnMissing {
            return "give that column a default, or let it be NULL: the function does not know it"
        }
        if text.isAboutData {
            return "compare the table with concertctl warehouse init --dry-run: a column is narrower there"
        }
        if text.isMissingObject { return "if the object exists, the next load copies it" }
        if text.isAboutS3 {
            return "let the role of REDSHIFT_COPY_ROLE_ARN read the staging bucket, and attach it to the warehouse"
        }
        if text.contains("does not exist") {
            return "run concertctl warehouse init, which creates schema, tables and columns that are missing"
        }
        if text.contains("permission denied") || text.contains("not authorized") || text.contains("must be owner") {
            return "grant the function's database user what docs/configuration.md lists: USAGE on the schema, "
                + "SELECT, INSERT, UPDATE and DELETE on its tables and on \(WarehouseSchema.writeLock), "
                + "SELECT and INSERT on \(WarehouseSchema.loads), TEMP on the database"
        }
        return nil
    }

    /// `text` without the number of the statement and without the values it quotes: equal for all records that are refused
    /// for the same reason.
    static func cause(of text: String) -> [UInt8] { FailureText(text).cause }
}

/// Failures of a load of staged objects.
extension SQLFailure {
    /// Whether a failure is about the content of an object: it cannot be inflated or parsed, or has a value that its
    /// column cannot hold.
    ///
    /// The list is complete: an object is never rejected for another error.
    static func isAboutObject(_ text: String) -> Bool {
        SQLFailure(text) == .data || FailureText(text).isAboutInflating
    }

    /// Whether an object was not there when the warehouse read it; it may have been deleted, or be visible later.
    static func isMissingObject(_ text: String) -> Bool { FailureText(text).isMissingObject }

    /// The number of the statement that failed, counted from 1; nil where the text does not begin with it.
    static func statementNumber(in text: String) -> Int? {
        let bytes = text.utf8.prefix(40)
        guard let mark = bytes.range(of: "uery #".utf8) else { return nil }
        return Int(String(decoding: bytes[mark.upperBound...].prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
    }
}

/// The text of a failure, prepared for comparison.
private struct FailureText {
    /// In ASCII lowercase, without `Query #3 failed with ERROR:`.
    private let bytes: ArraySlice<UInt8>

    init(_ text: String) {
        // Far longer than any message; what follows is a quoted value.
        var rest = text.utf8.prefix(10_000).map(Self.lowercased)[...]
        if rest.starts(with: "query #".utf8), let range = rest.prefix(40).range(of: Array(" failed with ".utf8)) {
            rest = rest[range.upperBound...]
        }
        if rest.starts(with: "error:".utf8) { rest = rest.dropFirst("error:".utf8.count) }
        bytes = rest.drop { $0 == UInt8(ascii: " ") }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    func contains(_ part: String) -> Bool { bytes.range(of: Array(part.utf8)) != nil }

    var isAboutS3: Bool { contains("s3serviceexception") || contains("s3 service exception") }
    var isMissingObject: Bool { isAboutS3 && contains("nosuchkey") }

    /// Beginnings of the errors about a value that is stored, those of COPY included.
    ///
    /// The list is complete: a record is never rejected for another error. The second list has PostgreSQL's own, with
    /// which Redshift shares its parser.
    private static let dataErrors = [
        "value too long for type character", "value too long for character type", "string length exceeds ddl length",
        "numeric data overflow", "overflow for numeric", "value out of range for ", "integer out of range",
        "bigint out of range", "smallint out of range", "date/time field value out of range", "timestamp out of range",
        "date out of range", "error converting text to ", "invalid input syntax for ", "invalid digit, value ",
        "string contains invalid or unsupported utf8 codepoints", "load into table '",
        "numeric field overflow", "invalid byte sequence for encoding ",
    ]
    /// Before the name of a column that must not be NULL: Redshift's and PostgreSQL's.
    private static let nullErrors = ["cannot insert a null value into column ", "null value in column "]

    var isAboutData: Bool {
        if let column = columnThatLacksValue { return Self.isOurs(column) }
        if Self.dataErrors.contains(where: { bytes.starts(with: $0.utf8) }) { return true }
        return bytes.starts(with: "value \"".utf8) && contains("\" is out of range for type ")
    }

    var isAboutInflating: Bool {
        ["failed to inflate", "error inflating", "invalid gzip"].contains { bytes.starts(with: $0.utf8) }
    }

    /// Whether a column that the function does not know demands a value: no row would be accepted.
    var isForeignColumnMissing: Bool { columnThatLacksValue.map { !Self.isOurs($0) } ?? false }

    private var columnThatLacksValue: ArraySlice<UInt8>? {
        for start in Self.nullErrors where bytes.starts(with: start.utf8) {
            return bytes.dropFirst(start.utf8.count).drop { $0 == UInt8(ascii: "\"") }.prefix { byte in
                byte != UInt8(ascii: "\"") && byte != UInt8(ascii: " ") && byte != UInt8(ascii: ".")
            }
        }
        return nil
    }

    private static func isOurs(_ column: ArraySlice<UInt8>) -> Bool {
        EntityCatalog.builtIn.tables.contains { $0.columns.contains { $0.name.utf8.elementsEqual(column) } }
    }

    var cause: [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard let first = bytes.firstIndex(of: quote), let last = bytes.lastIndex(of: quote) else {
            return Array(bytes)
        }
        return Array(bytes[..<first] + bytes[last...])
    }
}
