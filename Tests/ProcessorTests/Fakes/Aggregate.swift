import Basics

/// A writer of valid and invalid KPL aggregates.
struct Aggregate {
    private(set) var message: [UInt8] = []

    /// Returns an aggregate in the library's order: keys, then records.
    init(keys: [String], _ records: [(key: UInt64, data: [UInt8])]) {
        for key in keys { append(1, bytes: Array(key.utf8)) }
        for record in records { append(3, bytes: Self.record(key: record.key, data: record.data)) }
    }

    init() {}

    static func record(key: UInt64?, hashKey: UInt64? = nil, data: [UInt8]?) -> [UInt8] {
        var record = Aggregate()
        if let key { record.append(1, integer: key) }
        if let hashKey { record.append(2, integer: hashKey) }
        if let data { record.append(3, bytes: data) }
        return record.message
    }

    mutating func append(_ field: UInt64, integer: UInt64) {
        append(variable: field << 3)
        append(variable: integer)
    }

    mutating func append(_ field: UInt64, bytes: [UInt8]) {
        append(variable: field << 3 | 2)
        append(variable: UInt64(bytes.count))
        message += bytes
    }

    mutating func append(raw bytes: [UInt8]) { message += bytes }

    private mutating func append(variable value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            message.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        message.append(UInt8(rest))
    }

    /// Returns the magic number, the message, and the digest.
    var bytes: [UInt8] { Self.wrapped(message) }

    static func wrapped(_ message: [UInt8]) -> [UInt8] {
        [0xF3, 0x89, 0x9A, 0xC2] + message + MD5.digest(of: message.span)
    }
}
