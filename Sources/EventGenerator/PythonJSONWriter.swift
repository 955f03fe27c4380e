import Basics

/// A writer of one JSON text as Python's `json.dumps` formats it: a space after each comma and colon, and only ASCII.
struct PythonJSONWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Whether to use the format of a file upload: each value as text, null as empty text, and a list separated by
    /// bars.
    var isUpload = false
    private var needsComma = false

    /// Removes the text and keeps the memory.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    mutating func openObject() { open(UInt8(ascii: "{")) }

    mutating func closeObject() { close(UInt8(ascii: "}")) }

    mutating func openArray() { open(UInt8(ascii: "[")) }

    mutating func closeArray() { close(UInt8(ascii: "]")) }

    mutating func key(_ key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(UInt8(ascii: " "))
        needsComma = false
    }

    /// Escapes UTF-16 code units, so that characters outside the Basic Multilingual Plane become surrogate pairs.
    mutating func string(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for unit in value.utf16 {
            switch unit {
            case 0x22, 0x5C:
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(truncatingIfNeeded: unit))
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x20..<0x7F: bytes.append(UInt8(truncatingIfNeeded: unit))
            default:
                bytes.append(contentsOf: #"\u"#.utf8)
                for shift in [12, 8, 4, 0] { bytes.append(Alphabet.hexadecimal[Int(unit >> shift & 15)]) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes `json`, which must be one JSON value, unchanged.
    mutating func raw(_ json: String) {
        separate()
        bytes.append(contentsOf: json.utf8)
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma {
            bytes.append(UInt8(ascii: ","))
            bytes.append(UInt8(ascii: " "))
        }
        needsComma = true
    }
}

/// Whole members in the format of the entity's producer.
extension PythonJSONWriter {
    mutating func member(_ key: String, _ text: String?) {
        self.key(key)
        if let text { string(text) } else { nothing() }
    }

    mutating func member(_ key: String, _ number: Int?) {
        self.key(key)
        if let number { self.number(String(number)) } else { nothing() }
    }

    mutating func member(_ key: String, _ number: FixedPoint?) {
        self.key(key)
        if let number { self.number(number.description) } else { nothing() }
    }

    mutating func member(_ key: String, _ claim: Bool) {
        self.key(key)
        raw(claim ? "true" : "false")
    }

    mutating func member(_ key: String, _ list: [String]) {
        self.key(key)
        guard !isUpload else { return string(list.joined(separator: "|")) }
        openArray()
        for text in list { string(text) }
        closeArray()
    }

    mutating func member(_ key: String, object writeMembers: (inout Self) -> Void) {
        self.key(key)
        openObject()
        writeMembers(&self)
        closeObject()
    }

    private mutating func number(_ digits: String) { if isUpload { string(digits) } else { raw(digits) } }

    private mutating func nothing() { if isUpload { string("") } else { raw("null") } }
}
