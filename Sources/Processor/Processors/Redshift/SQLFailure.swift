import JSON

/// What a definite failure of a statement means, read from the database's words: the Data API gives no code.
public enum SQLFailure: Sendable, Equatable {
    /// Another transaction was in the way; the same one may well succeed.
    case conflict
    /// A value is one that the warehouse cannot hold.
    case data
    /// Anything else: permissions, a missing table, a full disk.
    case other

    public init(_ text: String) {
        let text = text.lowercased()
        // First, for a row that is refused may hold any words itself, and conflicts name none.
        if Self.dataWords.contains(where: text.holds), !Self.isForeignColumnMissing(text) {
            self = .data
        } else if Self.conflictWords.contains(where: text.holds) {
            self = .conflict
        } else {
            self = .other
        }
    }

    private static let conflictWords = [
        "1023", "serializable isolation violation", "conflict with concurrent transaction", "deadlock detected",
        "could not serialize access",
    ]
    private static let dataWords = [
        "value too long for", "string length exceeds ddl length", "invalid input", "invalid value", "invalid digit",
        "invalid byte sequence", "unsupported utf8 codepoints", "not valid for utf8", "overflow", "out of range",
        "violates", "cannot insert a null value", "load_error",
    ]

    /// Whether a column that we do not know demands a value: no row of ours would be taken, so no row is to blame.
    private static func isForeignColumnMissing(_ text: String) -> Bool {
        guard text.holds("null value"), let range = text.utf8.place(of: "column ".utf8) else { return false }
        let name = text[range.upperBound...].drop { $0 == "\"" }.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        return !WarehouseTable.allCases.contains { $0.columns.contains { $0.name == name } }
    }

    /// What a person can do, where the words tell.
    public static func advice(on text: String) -> String? {
        let text = text.lowercased()
        if text.holds("does not exist") {
            return "run concertctl warehouse init, which creates schema, tables and columns that are missing"
        }
        if isForeignColumnMissing(text) {
            return "give that column a default, or let it be NULL: the function does not know it"
        }
        if text.holds("permission denied") || text.holds("not authorized") {
            return "grant the function's database user USAGE on the schema, ALL on its tables and TEMP on the database"
        }
        if text.holds("s3serviceexception") || text.holds("s3 service exception") {
            return "let the role of REDSHIFT_COPY_ROLE_ARN read the staging bucket, and attach it to the warehouse"
        }
        return nil
    }
}
