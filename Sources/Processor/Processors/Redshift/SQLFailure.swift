import Basics
import JSON

/// The meaning of a statement's failure, which is parsed from its text because the Data API returns no error code.
///
/// A text can contain values of records, so only its beginning is used to classify the failure.
package enum SQLFailure: Sendable, Equatable {
    /// A conflict with another transaction; the same transaction can succeed later.
    case conflict
    /// A value does not fit in its column.
    case data
    /// Any other failure, such as missing permissions, a missing table, a full disk, and unknown texts.
    case other

    package init(_ text: String) {
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

    /// Returns what an operator can do about a failure; nil if the text is unknown.
    package static func advice(on text: String) -> String? {
        let text = FailureText(text)
        if text.isForeignColumnMissing {
            return "give that column a default, or allow NULL: the function does not write it"
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

    /// Returns `text` without the number of the statement and without quoted values, so that it is equal for all records that
    /// are rejected for the same reason.
    static func cause(of text: String) -> [UInt8] { FailureText(text).cause }
}

/// Failures of a load of staged objects.
extension SQLFailure {
    /// Returns whether a failure is about the content of an object: it cannot be inflated or parsed, or has a value that its
    /// column cannot store.
    ///
    /// No other error rejects an object.
    static func isAboutObject(_ text: String) -> Bool {
        SQLFailure(text) == .data || FailureText(text).isAboutInflating
    }

    /// Returns whether the warehouse did not find an object, which may have been deleted or become visible later.
    static func isMissingObject(_ text: String) -> Bool { FailureText(text).isMissingObject }

    /// Returns the number of the failed statement, counted from 1; nil if the text does not begin with it.
    static func statementNumber(in text: String) -> Int? {
        let bytes = text.utf8.prefix(40)
        guard let mark = bytes.range(of: "uery #".utf8) else { return nil }
        return Int(String(decoding: bytes[mark.upperBound...].prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
    }
}

/// The text of a failure, normalized for comparison.
private struct FailureText {
    /// The text in ASCII lowercase, without a prefix such as `Query #3 failed with ERROR:`.
    private let bytes: ArraySlice<UInt8>

    init(_ text: String) {
        // The limit is far longer than any message; the text beyond it belongs to a quoted value.
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

    /// The beginnings of errors about a value to store, including those of COPY.
    ///
    /// No other error rejects a record. The list includes errors of PostgreSQL, whose parser Redshift shares.
    private static let dataErrors = [
        "value too long for type character", "value too long for character type", "string length exceeds ddl length",
        "numeric data overflow", "overflow for numeric", "value out of range for ", "integer out of range",
        "bigint out of range", "smallint out of range", "date/time field value out of range", "timestamp out of range",
        "date out of range", "error converting text to ", "invalid input syntax for ", "invalid digit, value ",
        "string contains invalid or unsupported utf8 codepoints", "load into table '",
        "numeric field overflow", "invalid byte sequence for encoding ",
    ]
    /// The texts before the name of a column that must not be NULL, of Redshift and of PostgreSQL.
    private static let nullErrors = ["cannot insert a null value into column ", "null value in column "]

    var isAboutData: Bool {
        if let column = columnThatLacksValue { return Self.isOurs(column) }
        if Self.dataErrors.contains(where: { bytes.starts(with: $0.utf8) }) { return true }
        return bytes.starts(with: "value \"".utf8) && contains("\" is out of range for type ")
    }

    var isAboutInflating: Bool {
        ["failed to inflate", "error inflating", "invalid gzip"].contains { bytes.starts(with: $0.utf8) }
    }

    /// Whether a column that the function does not write requires a value, so that the table accepts no row.
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
