import Foundation
import JSON

/// A document as a tree that is read member by member, with all functions that the scanner's callers use.
enum ScannedValue {
    /// Returns the value of the whole text as Foundation represents it; numbers are doubles.
    static func whole(_ bytes: [UInt8]) throws(JSONError) -> NSObject {
        var scanner = JSONScanner()
        scanner.skipByteOrderMark(in: bytes.span)
        let value = try value(&scanner, in: bytes)
        try scanner.finish(in: bytes.span)
        return value
    }

    private static func value(_ scanner: inout JSONScanner, in bytes: [UInt8]) throws(JSONError) -> NSObject {
        let kind = try scanner.kind(in: bytes.span)
        switch kind {
        case .null, .true, .false:
            try scanner.literal(kind, in: bytes.span)
            return kind == .null ? NSNull() : NSNumber(value: kind == .true)
        case .number:
            let range = try scanner.number(in: bytes.span)
            return NSNumber(value: Double(String(decoding: bytes[range], as: UTF8.self)) ?? .nan)
        case .string: return NSString(string: text(try scanner.string(in: bytes.span), of: bytes))
        case .array:
            let elements = NSMutableArray()
            var goesOn = try scanner.openArray(in: bytes.span)
            while goesOn {
                elements.add(try value(&scanner, in: bytes))
                goesOn = try scanner.nextElement(in: bytes.span)
            }
            return elements
        case .object:
            let members = NSMutableDictionary()
            var key = try scanner.openObject(in: bytes.span)
            while let name = key {
                members[NSString(string: text(name, of: bytes))] = try value(&scanner, in: bytes)
                key = try scanner.nextKey(in: bytes.span)
            }
            return members
        }
    }

    static func text(_ string: JSONString, of bytes: [UInt8]) -> String {
        var resolved: [UInt8] = []
        JSONEscape.append(string, of: bytes.span, to: &resolved)
        return String(decoding: resolved, as: UTF8.self)
    }
}
