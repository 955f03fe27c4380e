import Basics

/// A JSON text as a tree, for the small requests and responses of AWS APIs.
///
/// Records are not read this way: the hot path uses ``JSONScanner``.
///
/// Names and texts are compared byte by byte. The comparison of `String` treats canonically equivalent texts as equal,
/// and can take more than linear time.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The digits as written, so that no precision is lost.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object, in order.
package struct JSONObject: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSONValue

        package init(name: String, value: JSONValue) { (self.name, self.value) = (name, value) }

        package static func == (lhs: Self, rhs: Self) -> Bool {
            lhs.name.hasSameBytes(as: rhs.name) && lhs.value == rhs.value
        }
    }

    package private(set) var members: [Member]

    package init(_ members: [Member] = []) { self.members = members }

    package var names: [String] { members.map(\.name) }

    /// The value of a member; of duplicates, the last one.
    ///
    /// Setting nil removes the member.
    package subscript(name: String) -> JSONValue? {
        get { members.last { $0.name.hasSameBytes(as: name) }?.value }
        set {
            guard let newValue else { return members.removeAll { $0.name.hasSameBytes(as: name) } }
            if let index = members.lastIndex(where: { $0.name.hasSameBytes(as: name) }) {
                members[index].value = newValue
            } else {
                members.append(Member(name: name, value: newValue))
            }
        }
    }
}

/// Comparison.
extension JSONValue {
    package static func == (lhs: Self, rhs: Self) -> Bool {
        switch (lhs, rhs) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)), (.string(let left), .string(let right)):
            left.hasSameBytes(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

/// Parsing.
extension JSONValue {
    /// The maximum depth of a tree: trees are parsed and freed recursively.
    static let depthLimit = 128

    /// - Throws: ``JSONError`` unless `bytes` contain exactly one JSON value.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        var scanner = JSONScanner()
        scanner.skipByteOrderMark(in: bytes.span)
        self = try Self.value(&scanner, in: bytes.span)
        try scanner.finish(in: bytes.span)
    }

    private static func value(_ scanner: inout JSONScanner, in bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
        let kind = try scanner.kind(in: bytes)
        switch kind {
        case .null, .true, .false:
            try scanner.literal(kind, in: bytes)
            return kind == .null ? .null : .bool(kind == .true)
        case .number: return .number(bytes.string(try scanner.number(in: bytes)))
        case .string: return .string(text(try scanner.string(in: bytes), of: bytes))
        case .array:
            guard scanner.depth < depthLimit else { throw .tooDeep(offset: scanner.offset) }
            var elements: [JSONValue] = []
            var goesOn = try scanner.openArray(in: bytes)
            while goesOn {
                elements.append(try value(&scanner, in: bytes))
                goesOn = try scanner.nextElement(in: bytes)
            }
            return .array(elements)
        case .object:
            guard scanner.depth < depthLimit else { throw .tooDeep(offset: scanner.offset) }
            var members: [JSONObject.Member] = []
            var key = try scanner.openObject(in: bytes)
            while let name = key {
                members.append(
                    JSONObject.Member(name: text(name, of: bytes), value: try value(&scanner, in: bytes)))
                key = try scanner.nextKey(in: bytes)
            }
            return .object(JSONObject(members))
        }
    }

    private static func text(_ string: JSONString, of bytes: Span<UInt8>) -> String {
        guard string.isEscaped else { return bytes.string(string.range) }
        var resolved: [UInt8] = []
        JSONEscape.append(string, of: bytes, to: &resolved)
        return String(decoding: resolved, as: UTF8.self)
    }
}

/// Typed access; nil if the value is of another type.
extension JSONValue {
    /// Returns a member of an object.
    package subscript(name: String) -> JSONValue? { object?[name] }

    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    package var string: String? { if case .string(let value) = self { value } else { nil } }

    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    package var double: Double? { if case .number(let value) = self { Double(value) } else { nil } }

    /// The whole number, including one written as `2.0`.
    package var integer: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    package var isNull: Bool { if case .null = self { true } else { false } }
}

/// Serialization.
extension JSONValue {
    package func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .number(let text): writer.raw(text)
        case .string(let value): writer.string(value)
        case .array(let elements):
            writer.openArray()
            for element in elements { element.write(to: &writer) }
            writer.closeArray()
        case .object(let object):
            writer.openObject()
            for member in object.members {
                writer.key(member.name)
                member.value.write(to: &writer)
            }
            writer.closeObject()
        }
    }

    /// The value on one line, as UTF-8.
    package var bytes: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// The value on one line.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The value with one member on each line and an indentation of two spaces.
    package var prettyText: String { prettyText(indentation: "") }

    private func prettyText(indentation: String) -> String {
        let inner = indentation + "  "
        switch self {
        case .array(let elements) where !elements.isEmpty:
            let lines = elements.map { inner + $0.prettyText(indentation: inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n" + indentation + "]"
        case .object(let object) where !object.members.isEmpty:
            let lines = object.members.map {
                inner + JSONValue.string($0.name).text + ": " + $0.value.prettyText(indentation: inner)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + indentation + "}"
        default: return text
        }
    }
}

/// Literals.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { JSONObject.Member(name: $0, value: $1) }))
    }

    package static func integer(_ value: some FixedWidthInteger) -> JSONValue { .number(String(value)) }

    /// Returns a number with up to three decimals, as ``JSONWriter/number(_:)`` writes it.
    package static func decimal(_ value: Double) -> JSONValue {
        var writer = JSONWriter()
        writer.number(value)
        return value.isFinite ? .number(String(decoding: writer.bytes, as: UTF8.self)) : .null
    }

    /// Returns an object of those members that have a value.
    package static func object(ofPresent members: [(String, JSONValue?)]) -> JSONValue {
        .object(
            JSONObject(
                members.compactMap { name, value in
                    value.map { JSONObject.Member(name: name, value: $0) }
                }))
    }
}
