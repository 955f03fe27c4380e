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
        if Self.dataWords.contains(where: text.contains) {
            self = .data
        } else if Self.conflictWords.contains(where: text.contains) {
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
        "value too long for type", "string length exceeds ddl length", "invalid input syntax for",
        "numeric data overflow", "numeric field overflow", "overflow for ", "out of range for type",
        "field value out of range", "timestamp out of range", "date out of range", "invalid digit",
        "invalid byte sequence", "unsupported utf8 codepoints", "not valid for utf8", "not-null constraint",
        "cannot insert a null value into column", "violates check constraint", "load_error",
    ]

    /// What a person can do, where the words tell.
    public static func advice(on text: String) -> String? {
        let text = text.lowercased()
        if text.contains("does not exist") {
            return "run concertctl warehouse init, which creates schema, tables and columns that are missing"
        }
        if text.contains("permission denied") || text.contains("not authorized") {
            return "grant the function's database user USAGE on the schema, ALL on its tables and TEMP on the database"
        }
        if text.contains("s3serviceexception") || text.contains("s3 service exception") {
            return "let the role of REDSHIFT_COPY_ROLE_ARN read the staging bucket, and attach it to the warehouse"
        }
        return nil
    }
}
